"""What is the matter with clocks right now, as facts: one statement each, read together by `devices.alerts`.

Every statement gives ``device_id`` and the words' parts; an alert is open as long as its statement names the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["info", "warning", "critical"]

CLOCK_WARNING, CLOCK_ALARM = 60, 300
NEARLY_FULL_PERCENT = 90
REPEATED = 3


@dataclass(frozen=True, slots=True)
class Fact:
    """A kind of alert: the statement that finds it, and what is said of a row."""

    kind: str
    title: str
    find: str
    severity: Callable[[Any], Severity]
    words: Callable[[Any], str]


def _always(severity: Severity) -> Callable[[Any], Severity]:
    return lambda _: severity


def _offset(row: Any) -> str:
    way = "fast" if row.seconds > 0 else "slow"
    return f"{row.name} is {abs(row.seconds)} seconds {way}; its punches carry that time"


def _plural(count: int, one: str, many: str) -> str:
    return f"1 {one}" if count == 1 else f"{count} {many}"


# A clock is only missed when we have been there to hear it: :watched is how long the watch has run without a gap.
OFFLINE = """
SELECT d.id AS device_id, d.name, d.connection, d.pull_message,
       to_char(d.last_seen_at AT TIME ZONE d.zone, 'YYYY-MM-DD HH24:MI') AS seen, d.zone
FROM devices d
WHERE d.approved_at IS NOT NULL AND d.last_seen_at IS NOT NULL
  AND d.last_seen_at < now() - make_interval(secs => CASE d.connection WHEN 'pull' THEN 600 ELSE 300 END)
  AND CAST(:watched AS double precision) >= CASE d.connection WHEN 'pull' THEN 600 ELSE 300 END
"""
NEVER_SEEN = """
SELECT d.id AS device_id, d.name, d.connection, d.pull_message
FROM devices d
WHERE d.approved_at < now() - interval '1 hour' AND d.last_seen_at IS NULL
  AND CAST(:watched AS double precision) >= 600
"""
CLOCK_OFFSET = """
SELECT d.id AS device_id, d.name, d.clock_offset_seconds AS seconds FROM devices d
WHERE d.approved_at IS NOT NULL AND abs(d.clock_offset_seconds) > 60
"""
INCOMPLETE = """
SELECT d.id AS device_id, d.name, c.on_clock, c.held, c.on_clock - c.held - c.explained AS missing
FROM device_completeness c JOIN devices d ON d.id = c.device_id WHERE c.state = 'missing'
"""
SYNCS_FAIL = """
SELECT d.id AS device_id, d.name, l.tries, l.message
FROM devices d JOIN LATERAL (
    SELECT coalesce(sum(s.attempts) FILTER (WHERE s.state IN ('failed', 'retrying')), 0) AS tries,
           bool_and(s.state IN ('failed', 'retrying', 'running')) AS all_fail,
           (array_agg(s.message ORDER BY s.created_at DESC) FILTER (WHERE s.message <> ''))[1] AS message
    FROM (SELECT * FROM sync_logs WHERE device_id = d.id ORDER BY created_at DESC, id DESC LIMIT 3) s
    WHERE s.created_at > coalesce((SELECT max(created_at) FROM sync_logs
                                   WHERE device_id = d.id AND state = 'done'), '-infinity')
) l ON l.all_fail AND l.tries >= 3
WHERE d.approved_at IS NOT NULL
"""
ADDRESS_CHANGED = """
SELECT d.id AS device_id, d.name, d.new_address, d.pinned_address FROM devices d
WHERE d.approved_at IS NOT NULL AND d.new_address IS NOT NULL
"""
TWO_SOURCES = """
SELECT d.id AS device_id, d.name, d.source_address, d.previous_address FROM devices d
WHERE d.approved_at IS NOT NULL AND d.two_sources_at > now() - interval '1 hour'
"""
QUARANTINE = """
SELECT d.id AS device_id, d.name, count(*) AS lines FROM quarantined_lines q JOIN devices d ON d.id = q.device_id
WHERE q.state = 'open' GROUP BY d.id, d.name HAVING min(q.received_at) < now() - interval '15 minutes'
"""
CLAIMED_ELSEWHERE = """
SELECT d.id AS device_id, d.name, d.device_serial FROM devices d WHERE d.claim_state = 'elsewhere'
"""
LOG_NEARLY_FULL = """
SELECT d.id AS device_id, d.name, CAST(d.counts ->> 'logs' AS bigint) AS logs,
       CAST(d.counts ->> 'punch_capacity' AS bigint) AS capacity
FROM devices d
WHERE d.approved_at IS NOT NULL AND jsonb_typeof(d.counts -> 'logs') = 'number'
  AND jsonb_typeof(d.counts -> 'punch_capacity') = 'number' AND CAST(d.counts ->> 'punch_capacity' AS bigint) > 0
  AND CAST(d.counts ->> 'logs' AS bigint) * 10 >= CAST(d.counts ->> 'punch_capacity' AS bigint) * 9
"""
COMMAND_FAILED = """
SELECT d.id AS device_id, d.name, count(*) AS commands FROM device_commands c JOIN devices d ON d.id = c.device_id
WHERE c.state = 'failed' AND c.sync_id IS NULL AND c.finished_at > now() - interval '30 days'
GROUP BY d.id, d.name
"""

FACTS = (
    Fact(
        "offline",
        "Clock offline",
        OFFLINE,
        _always("critical"),
        lambda row: (
            f"{row.name} was last heard of {row.seen} ({row.zone})."
            + (f" {row.pull_message}" if row.connection == "pull" and row.pull_message else "")
        ),
    ),
    Fact(
        "never_seen",
        "Clock never seen",
        NEVER_SEEN,
        _always("warning"),
        lambda row: (
            f"{row.name} was added and never came. "
            + (row.pull_message or "Check the server address and port on the clock, its network and its serial")
        ),
    ),
    Fact(
        "clock_offset",
        "Clock shows the wrong time",
        CLOCK_OFFSET,
        lambda row: "critical" if abs(row.seconds) > CLOCK_ALARM else "warning",
        _offset,
    ),
    Fact(
        "incomplete",
        "Punches missing here",
        INCOMPLETE,
        _always("critical"),
        lambda row: (
            f"{row.name} holds {row.on_clock} punches and {row.held} are here: {row.missing} are missing. "
            "Its whole log is read again"
        ),
    ),
    Fact(
        "syncs_fail",
        "Clock cannot be read",
        SYNCS_FAIL,
        _always("warning"),
        lambda row: f"{row.name} could not be synchronised {row.tries} times in a row. {row.message or ''}".strip(),
    ),
    Fact(
        "address_changed",
        "Clock calls from a new address",
        ADDRESS_CHANGED,
        _always("warning"),
        lambda row: (
            f"{row.name} calls from {row.new_address} instead of {row.pinned_address}. Its punches are taken "
            "and flagged; nothing secret is sent to it until somebody confirms the address"
        ),
    ),
    Fact(
        "two_sources",
        "Two machines use one serial",
        TWO_SOURCES,
        _always("critical"),
        lambda row: f"{row.name}'s serial is used from {row.source_address} and {row.previous_address} in turn",
    ),
    Fact(
        "quarantine",
        "Lines wait in quarantine",
        QUARANTINE,
        _always("warning"),
        lambda row: f"{_plural(row.lines, 'line', 'lines')} of {row.name} could not be taken as punches",
    ),
    Fact(
        "claimed_elsewhere",
        "Serial belongs to another organisation",
        CLAIMED_ELSEWHERE,
        _always("critical"),
        lambda row: f"The serial {row.device_serial} of {row.name} is registered by another organisation",
    ),
    Fact(
        "log_nearly_full",
        "Clock's log nearly full",
        LOG_NEARLY_FULL,
        _always("info"),
        lambda row: (
            f"{row.name} holds {row.logs} of {row.capacity} punches; then it overwrites the oldest. "
            "Everything here stays; clear its log when its counts agree"
        ),
    ),
    Fact(
        "command_failed",
        "Command failed",
        COMMAND_FAILED,
        _always("warning"),
        lambda row: f"{_plural(row.commands, 'command', 'commands')} to {row.name} failed for good",
    ),
)
TITLES = {
    "template_unreadable": "Templates cannot be decrypted",
    "break_glass": "Somebody came in without the sign-in provider",
} | {fact.kind: fact.title for fact in FACTS}
