"""What push clocks answer to commands: done, later again, send the person first, or never.

Meaning of the return codes: the public Attendance PUSH protocol description. Positive codes are answers to an
enrolment at a distance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.contracts.bridge import CommandKind, CommandResult
from tenant_stack.punch_lines import printable

RETRY_CODES = frozenset({-3, -1003, -1005, -1007, -1008})
UNKNOWN_PIN = -10
ENROLLER_BUSY = 7
MOST_ATTEMPTS = 6
WORDS = {
    -1: "the clock did not understand the command",
    -2: "the photo's size is not what was announced",
    -3: "the clock could not read or write its memory",
    -9: "the template's size is not what was announced",
    -10: "the clock does not know this PIN",
    -11: "the clock does not take fingerprints of this format",
    -12: "the clock found the fingerprint unusable",
    -1001: "the clock is full",
    -1002: "the clock does not support this",
    -1003: "the clock ran out of time",
    -1004: "the data does not fit the clock's configuration",
    -1005: "the clock is busy",
    -1006: "the data is too long for the clock",
    -1007: "the clock ran out of memory",
    -1008: "the clock could not fetch the file",
}
ENROLMENT_WORDS = {
    2: "this finger is enrolled already",
    4: "the finger could not be read well enough",
    5: "this finger belongs to somebody else on the clock",
    6: "the enrolment was cancelled at the clock",
    7: "the clock is busy",
}

# A person or template that the clock does not know need not be removed: -10 is success there. Where the person is
# missing, the command waits for them.
ANSWERED = sa.text("""
UPDATE device_commands c SET
    state = CASE WHEN r.outcome IN ('again', 'person') THEN 'queued' ELSE r.outcome END,
    result_code = r.code, result_text = r.text, result_count = r.count,
    finished_at = CASE WHEN r.outcome IN ('again', 'person') THEN NULL ELSE now() END,
    leased_until = CASE WHEN r.outcome = 'again' THEN now() + make_interval(secs => 30 * c.attempts) END
FROM (
    SELECT t.id, t.code, t.text, t.count,
           CASE WHEN t.code = 0 OR (t.code = :unknown_pin AND k.kind IN ('user_delete', 'template_delete')) THEN 'done'
                WHEN k.attempts >= CAST(:most AS integer) OR k.kind = 'clear_log' THEN 'failed'
                WHEN t.retry OR (t.code = :busy AND k.kind = 'enroll') THEN 'again'
                WHEN t.code = :unknown_pin AND k.kind IN ('template_update', 'enroll') THEN 'person'
                ELSE 'failed' END AS outcome
    FROM unnest(CAST(:ids AS bigint[]), CAST(:codes AS integer[]), CAST(:texts AS text[]), CAST(:counts AS bigint[]),
                CAST(:retries AS boolean[])) AS t(id, code, text, count, retry)
    JOIN device_commands k ON k.id = t.id AND k.device_id = :device AND k.state IN ('queued', 'sent')
) r
WHERE c.id = r.id
RETURNING c.id, c.kind, r.outcome, c.result_code, c.result_count, c.pin, c.purpose, c.payload, c.sync_id,
          c.enrollment_id, c.template_id
""")


@dataclass(frozen=True, slots=True)
class Answered:
    """A command of ours that the clock has answered. ``outcome``: ``done``, ``failed`` (for good), ``again`` (later),
    ``person`` (waits for the person to be written first). ``count`` answers `verify_punches`."""

    id: int
    kind: CommandKind
    outcome: str
    code: int
    count: int | None
    pin: str | None
    purpose: str
    payload: dict[str, object]
    sync_id: UUID | None
    enrollment_id: UUID | None
    template_id: UUID | None

    @property
    def words(self) -> str:
        """The answer as a sentence; empty when it was done."""
        return "" if self.outcome == "done" else in_words(self.code)


async def take_results(session: AsyncSession, device_id: UUID, results: Sequence[CommandResult]) -> list[Answered]:
    """Record what the clock answered; returns the commands that these answers were to.

    Ids that are not ours, or were answered before, are ignored: clocks repeat themselves.
    """
    known = {int(result.id): result for result in results if result.id.isascii() and result.id.isdigit()}
    ids = sorted(each for each in known if each < 1 << 63)
    values = {
        "device": device_id,
        "most": MOST_ATTEMPTS,
        "unknown_pin": UNKNOWN_PIN,
        "busy": ENROLLER_BUSY,
        "ids": ids,
        "codes": [known[each].code for each in ids],
        "texts": [printable(known[each].text) for each in ids],
        "counts": [known[each].count for each in ids],
        "retries": [known[each].code in RETRY_CODES for each in ids],
    }
    rows = await session.execute(ANSWERED, values)
    return [Answered(row[0], CommandKind(row[1]), *row[2:]) for row in rows]


def in_words(code: int) -> str:
    """A return code as a sentence for a person."""
    reason = WORDS.get(code) or ENROLMENT_WORDS.get(code, "the clock refused")
    return f"{reason[0].upper()}{reason[1:]} (code {code})"
