"""The phrases of the vocabulary: times, stamps, schedules and rules said in words. No scenario is known here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tenant_stack.rules.inputs import Direction
from tenant_stack.rules.ruleset import BreakRule, RoundingRule, Tier
from tests.oracle.facts import NotUnderstoodError

DAYS = {"mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4, "sat": 5, "sun": 6}
BASE_DAY = date(2025, 1, 6)  # the Monday of the base week
CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?"
STATES = {
    "IN": Direction.IN,
    "OUT": Direction.OUT,
    "MEAL_OUT": Direction.BREAK_OUT,
    "MEAL_IN": Direction.BREAK_IN,
    "BREAK_OUT": Direction.BREAK_OUT,
    "BREAK_IN": Direction.BREAK_IN,
    "OVERTIME_IN": Direction.OVERTIME_IN,
    "OVERTIME_OUT": Direction.OVERTIME_OUT,
    "OT_IN": Direction.OVERTIME_IN,
    "OT_OUT": Direction.OVERTIME_OUT,
}


def clock(text: str) -> int:
    """Seconds after midnight of 'HH:MM[:SS]'; 24:00 is the next midnight."""
    if not isinstance(text, str) or not re.fullmatch(CLOCK, text.strip()):
        raise NotUnderstoodError(f"time {text!r}")
    parts = [int(each) for each in text.split(":")]
    return parts[0] * 3600 + parts[1] * 60 + (parts[2] if len(parts) > 2 else 0)


def day(text: Any) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise NotUnderstoodError(f"date {text!r}") from None


def hours(value: Any) -> int:
    return round(float(value) * 3600)


def minutes(value: Any) -> int:
    return round(float(value) * 60)


def weekday(text: str) -> int:
    found = DAYS.get(str(text).strip().lower()[:3])
    if found is None:
        raise NotUnderstoodError(f"weekday {text!r}")
    return found


@dataclass(frozen=True)
class Stamp:
    """A written punch: wall date and seconds, an offset if one was written, the state, and what stands in brackets."""

    day: date
    second: int
    offset: str = ""
    state: Direction = Direction.UNKNOWN
    comment: str = ""

    @property
    def text(self) -> str:
        days, rest = divmod(self.second, 86400)
        on = self.day + timedelta(days=days)
        return f"{on} {rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}{self.offset}"


STAMP = re.compile(
    rf"(?:(?P<day>\d{{4}}-\d{{2}}-\d{{2}})[ T])?(?P<clock>{CLOCK})(?P<offset>Z|[+-]\d{{2}}:?\d{{2}})?"
    r"(?:\s+(?P<state>[A-Z_]+\d*))?(?:\s+\((?P<comment>.*)\))?"
)


def stamp(text: Any, on: date = BASE_DAY) -> Stamp:
    found = STAMP.fullmatch(str(text).strip())
    if not found:
        raise NotUnderstoodError(f"punch {text!r}")
    state = Direction.UNKNOWN
    word = found["state"]
    if word and not word.startswith("STATE"):
        if word not in STATES:
            raise NotUnderstoodError(f"state {word!r}")
        state = STATES[word]
    elif word:
        codes = list(Direction)
        number = int(word.removeprefix("STATE") or 255)
        state = codes[number] if number < 6 else Direction.UNKNOWN
    written = day(found["day"]) if found["day"] else on
    offset = {"Z": "+00:00"}.get(found["offset"] or "", found["offset"] or "")
    return Stamp(written, clock(found["clock"]), offset, state, found["comment"] or "")


@dataclass
class Schedule:
    """A schedule said in words."""

    kind: str = "fixed"
    start: int | None = None
    end: int | None = None
    weekdays: frozenset[int] | None = None
    pauses: list[tuple[int, int, bool]] = field(default_factory=list)
    unpaid: int = 0
    expected: int | None = None
    zone: str | None = None
    on: date | None = None


# The schedule the conventions name: "(8 h)" is Mon-Fri 08:00-17:00 with lunch 12:00-13:00.
CONVENTION = "Mon-Fri 08:00-17:00 with lunch 12:00-13:00 (8 h)"


def schedule(text: str) -> Schedule:
    """'Mon-Fri 08:00-17:00 with lunch 12:00-13:00 (8 h)', 'flexible 40 h/week', '09:00-18:00, 1 h break 13-14' ..."""
    text = text.strip()
    found = Schedule()
    if re.fullmatch(r"none(?: \(.*\))?|fully flexible", text):
        found.kind = "none"
        return found
    flexible = re.fullmatch(r"flexible (\d+(?:\.\d+)?) h ?(?:/|per|a) ?(day|week)", text)
    if flexible:
        found.kind = f"flexible_{flexible[2]}"
        found.expected = hours(flexible[1])
        return found
    if re.fullmatch(r"8 h(?:ours)?(?: a day|/day)?", text):
        return schedule(CONVENTION)
    rest = text

    def eat(pattern: str) -> re.Match[str] | None:
        nonlocal rest
        match = re.search(pattern, rest)
        if match:
            rest = rest[: match.start()] + " " + rest[match.end() :]
        return match

    if match := eat(r"\b(?:of|on) (\d{4}-\d{2}-\d{2})"):
        found.on = day(match[1])
    if match := eat(r"\b[A-Z][a-z]+/[A-Za-z_]+\b"):
        found.zone = match[0]
    if match := eat(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)-(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b"):
        first, last = weekday(match[1]), weekday(match[2])
        found.weekdays = (
            frozenset(range(first, last + 1)) if first <= last else frozenset({*range(first, 7), *range(last + 1)})
        )
    span = r"(\d{1,2}(?::\d{2})?)-(\d{1,2}(?::\d{2})?)"
    pause = (
        r"(?:with |and |less )?(?:an? |unpaid |paid )*(?:\d+(?:\.\d+)? (?:h|min) )?"
        r"(?:lunch|break|meal)(?: of)?(?: at)? "
    )
    while match := eat(rf"({pause}){span}(?: (unpaid|paid))?"):
        start, end = (clock(each if ":" in each else f"{each}:00") for each in (match[2], match[3]))
        paid = match[4] == "paid" or " paid " in f" {match[1]}"
        found.pauses.append((start, end, paid))
    if match := eat(r"(?:with |less |and )?(?:an? )?(\d+(?:\.\d+)?) (h|min)(?: unpaid)? (?:break|lunch|meal)"):
        found.unpaid = hours(match[1]) if match[2] == "h" else minutes(match[1])
    if match := eat(r"\(?(\d+(?:\.\d+)?) h(?: expected)?\)?"):
        found.expected = hours(match[1])
    if match := eat(rf"({CLOCK})-({CLOCK})"):
        found.start, found.end = clock(match[1]), clock(match[2])
    if rest.replace(",", "").strip() or found.start is None:
        raise NotUnderstoodError(f"schedule {text!r} ({rest.strip()!r})")
    return found


ROUNDING = {
    "quarter hour": 15,
    "half hour": 30,
    "hour": 60,
    "minute": 1,
}


def rounding(text: str) -> list[RoundingRule]:
    """'nearest quarter hour, 7 down / 8 up, in and out'; 'in up to 15 min, out down to 15 min'; 'nearest 15'."""
    text = text.strip()
    unit = r"(?:to )?(?:the )?(?:an? )?(quarter hour|half hour|hour|minute|\d+(?: min(?:utes?)?)?)"

    def interval(word: str) -> int:
        return (ROUNDING[word] if word in ROUNDING else int(word.split()[0])) * 60

    match = re.fullmatch(rf"nearest {unit}(?:, (?:7 down / 8 up|7 min grace))?(?:, in and out)?", text)
    if match:
        mode = "seven_eight" if "7" in text.split(",", 1)[-1] and "," in text else "nearest"
        return [RoundingRule(target, mode, interval(match[1])) for target in ("in", "out")]
    parts = [re.fullmatch(rf"(in|out|day) (up|down|nearest) {unit}", part.strip()) for part in text.split(",")]
    if parts and all(parts):
        return [
            RoundingRule({"day": "day_total"}.get(part[1], part[1]), part[2], interval(part[3]))
            for part in parts
            if part
        ]
    simple = re.fullmatch(rf"(up|down|nearest) {unit}", text)
    if simple:
        return [RoundingRule("day_total", simple[1], interval(simple[2]))]
    raise NotUnderstoodError(f"rounding {text!r}")


def break_law(text: str) -> BreakRule:
    """'30 min when worked > 6 h, 45 min when > 9 h, deduct only what was not taken'."""
    steps = [
        (hours(after), minutes(amount))
        for amount, after in re.findall(r"(\d+) min when (?:worked )?> (\d+(?:\.\d+)?) h", text)
    ]
    rest = re.sub(r"\d+ min when (?:worked )?> \d+(?:\.\d+)? h,?", "", text).strip(" ,")
    if not steps or rest not in ("", "deduct only what was not taken", "deduct always"):
        raise NotUnderstoodError(f"rule {text!r}")
    return BreakRule("break", "deduct", tuple(sorted(steps)), include_punched=rest != "deduct always", required=True)


def overtime_rule(text: str) -> Tier:
    """Overtime rules said in words."""
    text = text.strip().lower()
    if re.fullmatch(r"non-working days? (?:are )?(?:fully|all) overtime", text):
        return Tier("OFF", "off_day")
    if text in ("outside schedule", "outside the schedule"):
        return Tier("OUT", "outside_schedule")
    if text in ("weekend all day", "weekends all day"):
        return Tier("WE", "window", weekdays=frozenset({5, 6}))
    match = re.fullmatch(r"(daily|weekly) > (\d+(?:\.\d+)?)(?: h)?", text)
    if match:
        return Tier(f"{match[1][0].upper()}{match[2]}", match[1], after=hours(match[2]))
    raise NotUnderstoodError(f"rule {text!r}")


def rate(value: Any) -> Decimal | None:
    """A rate as a number; None where words only say how it compares with the others ('higher than D1 or same')."""
    try:
        return Decimal(str(value))
    except ArithmeticError:
        if re.fullmatch(r"(higher|same|at least)( than| as)?( [A-Z]\w*)?( or (higher|same))?", str(value)):
            return None
        raise NotUnderstoodError(f"rate {value!r}") from None
