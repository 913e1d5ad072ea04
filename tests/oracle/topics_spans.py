"""Edits of spans, overlapping shifts, fences, places in a roster: what is refused and what is not."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from tenant_stack.rules.anomalies import inside_fence
from tenant_stack.rules.edits import (
    Span,
    refuse_arrival,
    refuse_departure,
    refuse_move,
    refuse_span,
    worked,
)
from tenant_stack.rules.inputs import Assignment, Shift, StaffInput
from tenant_stack.rules.lifecycle import matched_anew
from tenant_stack.rules.validation import validate
from tests.oracle import words
from tests.oracle.answers import Answer
from tests.oracle.facts import Node, NotUnderstoodError, Scenario
from tests.oracle.topics import Matter, case_has, compare, given_has, topic
from tests.oracle.world import World

CLOCK = words.CLOCK
ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3}


@dataclass
class Sheet:
    """The spans of one person while they are edited; ``verdicts`` says for each edit whether it was refused."""

    spans: list[Span] = field(default_factory=list)
    verdicts: list[bool] = field(default_factory=list)
    newest: int = 0

    def add(self, span: Span) -> None:
        if any(start == span[0] and span[1] is None for start, _ in self.spans):
            self.verdicts.append(False)  # the same in again is the same punch
            return
        refused = refuse_span(self.spans, span) is not None
        self.verdicts.append(refused)
        if not refused:
            self.spans.append(span)
            self.newest = len(self.spans) - 1

    def move(self, index: int, span: Span) -> None:
        refused = refuse_move(self.spans, index, span) is not None
        self.verdicts.append(refused)
        if not refused:
            self.spans[index] = span

    @property
    def punches(self) -> int:
        return sum(1 + (end is not None) for _, end in self.spans)


def _span(text: str) -> Span:
    match = re.fullmatch(rf"({CLOCK})-({CLOCK})?(?: open| exists)?", text.strip())
    if not match:
        raise NotUnderstoodError(f"span {text!r}")
    return words.clock(match[1]), None if match[2] is None else words.clock(match[2])


def _edit(sheet: Sheet, text: str) -> str:
    """Do one edit said in words; returns what the words say about it ('' when nothing)."""
    said = re.fullmatch(
        rf"(?P<verb>add|move)(?P<that> that)? (?P<side>IN|OUT)(?: to)? (?P<at>{CLOCK})"
        r"(?: \((?P<word>accepted|rejected)(?:, open)?\))?",
        text.strip(),
    )
    if said is None:
        raise NotUnderstoodError(f"edit {text!r}")
    at = words.clock(said["at"])
    index = sheet.newest if said["that"] else 0
    if said["verb"] == "move":
        start, end = sheet.spans[index]
        sheet.move(index, (at, end) if said["side"] == "IN" else (start, at))
    elif said["side"] == "IN":
        sheet.add((at, None))
    else:
        waiting = next((place for place, (_, end) in enumerate(sheet.spans) if end is None), None)
        if waiting is None:
            sheet.verdicts.append(refuse_departure(sheet.spans, at) is not None)
        else:
            sheet.move(waiting, (sheet.spans[waiting][0], at))
    return said["word"] or ""


@topic(given_has("edit"))
def edits(matter: Matter) -> list[str]:
    given, expect = matter.given, matter.expect
    sheet = Sheet()
    for start, end in given.take("existing") or ():
        sheet.spans.append((words.clock(start), None if end is None else words.clock(end)))
    for text in given.take("existing_punches") or ():
        said = words.stamp(text)
        if said.state != "in":
            raise NotUnderstoodError(f"existing_punches {text!r}")
        sheet.spans.append((said.second, None))
    faults = []
    for text in given.take("edit"):
        word = _edit(sheet, text)
        if word and sheet.verdicts[-1] is not (word == "rejected"):
            faults.append(f"edit {text!r}: got {'rejected' if sheet.verdicts[-1] else 'accepted'}")
    result = expect.take("result")
    if result is not None:
        faults += _result(str(result), sheet)
    if "worked_min" in expect:
        faults += compare("worked_min", worked(sheet.spans) / 60, expect.take("worked_min"))
    if "stored_punches" in expect:
        faults += compare("stored_punches", sheet.punches, expect.take("stored_punches"))
    return faults


def _result(text: str, sheet: Sheet) -> list[str]:
    if text in ("rejected", "accepted"):
        return compare(
            "result",
            ["rejected" if refused else "accepted" for refused in sheet.verdicts],
            [text] * len(sheet.verdicts),
        )
    if match := re.fullmatch(r"(\w+) edit (rejected|accepted)", text):
        refused = sheet.verdicts[ORDINALS[match[1]]]
        return compare("result", "rejected" if refused else "accepted", match[2])
    if text == "one IN kept":
        return compare("result", len(sheet.spans), 1)
    raise NotUnderstoodError(f"expect.result {text!r}")


def _strings(scenario: Scenario) -> bool:
    cases = scenario.given.get("cases")
    return isinstance(cases, list) and bool(cases) and all(isinstance(each, str) for each in cases)


STATE_ERRORS = {
    "punch in while in": lambda: refuse_arrival([(8 * 3600, None)]),
    "punch out while out": lambda: refuse_departure([(8 * 3600, 9 * 3600)], 10 * 3600),
    "out earlier than or equal to in": lambda: (
        refuse_departure([(8 * 3600, None)], 8 * 3600) and refuse_departure([(8 * 3600, None)], 7 * 3600)
    ),
}


@topic(_strings)
def said_cases(matter: Matter) -> list[str]:
    """'10:00- open, add 12:00-11:00', 'punch in while in' ..."""
    open_span = matter.given.take("existing_open")
    got = []
    for text in matter.given.take("cases"):
        if text in STATE_ERRORS:
            got.append("rejected" if STATE_ERRORS[text]() is not None else "accepted")
            continue
        before, _, action = text.rpartition(", ")
        sheet = Sheet([_span(part) for part in before.split(", ")])
        if match := re.fullmatch(r"add (.+)", action):
            sheet.add(_span(match[1]))
        elif match := re.fullmatch(rf"close ({CLOCK}-) at ({CLOCK})", action):
            span = _span(match[1])
            if span != _span(str(open_span)):
                raise NotUnderstoodError(f"case {text!r}")
            sheet.spans.append(span)
            sheet.move(len(sheet.spans) - 1, (span[0], words.clock(match[2])))
        else:
            raise NotUnderstoodError(f"case {text!r}")
        got.append("rejected" if sheet.verdicts[-1] else "accepted")
    return compare("result", got, matter.expect.take("result"))


def _shift(name: str, text: str) -> Shift:
    said = words.schedule(text)
    if said.start is None or said.end is None:
        raise NotUnderstoodError(f"shift {text!r}")
    return Shift(name, said.start, said.end)


def _allowed(*texts: str) -> bool:
    """May shifts be assigned to one person over the same dates?"""
    shifts = {f"S{index}": (_shift(f"S{index}", text),) for index, text in enumerate(texts)}
    day = words.BASE_DAY
    assignments = tuple(Assignment((code,), day) for code in shifts)
    return not validate(StaffInput("1", day, day, "UTC", shifts=shifts, assignments=assignments))


@topic(case_has("a", "b"))
def overlapping_assignments(matter: Matter) -> list[str]:
    got = [_allowed(each["a"], each["b"]) for each in matter.cases()]
    return compare("allowed", got, matter.expect.take("allowed"))


@topic(case_has("add_shift"))
def second_shift(matter: Matter) -> list[str]:
    """A record takes another shift of its day as a segment, unless they share time."""
    held = [each["shift"] for each in matter.given.take("records")]
    got = ["accepted" if _allowed(*held, each["add_shift"]) else "rejected" for each in matter.cases()]
    return compare("peer_result", got, matter.expect.take("peer_result"))


@topic(case_has("radius_m", "distance_m"))
def fences(matter: Matter) -> list[str]:
    got = []
    for case in matter.cases():
        node = Node(case, "case")
        outside = bool(node.take("outside_any_shift_window", False))
        got.append(inside_fence(node.take("distance_m"), node.take("radius_m"), window_open=not outside))
        node.finish()
    return compare("accepted", got, matter.expect.take("accepted"))


@topic(lambda scenario: "re-match" in str(scenario.given.get("then", "")))
def rematching(matter: Matter) -> list[str]:
    """A new assignment, and which punches follow it."""
    given = matter.given
    said = re.fullmatch(rf"assign ({CLOCK}-{CLOCK}) to (?:both|all|them) and re-match", str(given.take("then")))
    if said is None:
        raise NotUnderstoodError("given.then")
    shift = given.take("default_shift")
    got: list[Any] = []
    for text in given.take("punches"):
        stamp = words.stamp(text)
        person = re.fullmatch(r"person \d+, (unprocessed|already in an attendance record|locked)", stamp.comment)
        if person is None:
            raise NotUnderstoodError(f"punch {text!r}")
        world = World(Node({"default_shift": shift, "punches": [stamp.text]}, "given")).read()
        staff = world.build()
        anew = matched_anew(
            processed=person[1] != "unprocessed", locked=person[1] == "locked", reprocess=matter.setting.reprocess
        )
        if anew:
            new = replace(_shift("new", said[1]), before=3600, after=3600)
            staff = replace(
                staff,
                shifts={**staff.shifts, "new": (new,)},
                assignments=(Assignment(("new",), date(1970, 1, 1)),),
            )
        code = Answer(world, _compute(staff)).instance_of(staff.punches[0].id)
        found = None if code is None else staff.shifts[code[0]][-1]
        got.append(None if found is None else f"{_clock(found.start)}-{_clock(found.end)}")
    return compare("matched_after", got, matter.expect.take("matched_after"))


def _compute(staff: StaffInput) -> Any:
    from tenant_stack.rules.engine import compute

    return compute(staff)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}"
