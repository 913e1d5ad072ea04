"""The trace as a worker can read it: sentences and JSON-ready data made from steps and fates. Pure.

A trace is kept as numbers; sentences are made when somebody asks, so a batch does not pay for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tenant_stack.rules.records import DayRecord, PayLine
from tenant_stack.rules.walltime import wall_text

Numbers = Sequence[Any]


def duration(seconds: int) -> str:
    """'7 h 30 min', '45 min', '20 s': only the parts that are not zero."""
    sign = "-" if seconds < 0 else ""
    hours, rest = divmod(abs(seconds), 3600)
    minutes, left = divmod(rest, 60)
    parts = [f"{n} {unit}" for n, unit in ((hours, "h"), (minutes, "min"), (left, "s")) if n]
    return sign + " ".join(parts) if parts else "0 min"


def _clock(zone: str, instant: int) -> str:
    text = wall_text(zone, instant)
    return text[11:] if not text.endswith(":00") else text[11:16]


def _pair(zone: str, n: Numbers) -> str:
    return f"In {_clock(zone, n[0])}, out {_clock(zone, n[1])}: {duration(n[1] - n[0])}."


def _round_time(zone: str, n: Numbers) -> str:
    target = {"in": "In", "out": "Out", "break_out": "Break out", "break_in": "Break in"}[n[0]]
    how = n[3].replace("_", " ") + (f" to {duration(n[4])}" if n[3] not in ("clip", "schedule") else "")
    return f"{target} {_clock(zone, n[1])} rounded to {_clock(zone, n[2])} ({how})."


def _round_total(zone: str, n: Numbers) -> str:
    what = {"day_total": "The day's total", "meal_total": "The meal", "break_total": "The break"}[n[0]]
    return f"{what} {duration(n[1])} rounded to {duration(n[2])} ({n[3].replace('_', ' ')} to {duration(n[4])})."


def _deduct(zone: str, n: Numbers) -> str:
    taken = f", {duration(n[4])} were taken" if n[4] else ""
    return f"{duration(n[1])} {n[0]} deducted: {duration(n[2])} due when worked more than {duration(n[3])}{taken}."


def _add(zone: str, n: Numbers) -> str:
    return f"{duration(n[1])} of the punched {n[0]} paid ({duration(n[3])} taken, up to {duration(n[2])} is paid)."


def _scheduled(zone: str, n: Numbers) -> str:
    return f"Scheduled break {_clock(zone, n[0])}-{_clock(zone, n[1])} is not worked time."


TEMPLATES: dict[str, Callable[[str, Numbers], str]] = {
    "pair": _pair,
    "round_time": _round_time,
    "round_total": _round_total,
    "overlap": lambda zone, n: "Rounded times overlapped; no second is counted twice.",
    "scheduled_break": _scheduled,
    "paid_break": lambda zone, n: f"Pause {_clock(zone, n[0])}-{_clock(zone, n[1])} lies in a paid break.",
    "deduct": _deduct,
    "add": _add,
    "estimated_out": lambda zone, n: f"No out was punched; {_clock(zone, n[0])} was estimated by rule.",
    "overtime_tolerance": lambda zone, n: f"{duration(n[0])} overtime is within the tolerance of {duration(n[1])}.",
    "overtime_minimum": lambda zone, n: f"{duration(n[0])} overtime is below the minimum of {duration(n[1])}.",
    "overtime_rounding": lambda zone, n: f"Overtime {duration(n[0])} rounded to {duration(n[1])}.",
    "overtime_cap": lambda zone, n: f"Overtime {duration(n[0])} capped at {duration(n[1])}.",
    "late": lambda zone, n: f"Due {_clock(zone, n[0])}, came {_clock(zone, n[1])}: {duration(n[2])} late.",
    "early": lambda zone, n: f"Due until {_clock(zone, n[0])}, left {_clock(zone, n[1])}: {duration(n[2])} early.",
    "within_grace": lambda zone, n: f"{duration(n[1])} {n[0]}, within the grace of {duration(n[2])}.",
    "sandwich": lambda zone, n: "A day off between two absences counts as absence.",
}


def as_json(record: DayRecord) -> dict[str, Any]:
    """The trace as JSON-ready data: numbers only."""
    trace = record.trace
    return {
        "zone": trace.zone,
        "rules": trace.rules,
        "punches": [asdict(each) | {"used": each.used} for each in trace.fates],
        "segments": [asdict(each) for each in trace.segments],
        "steps": [asdict(each) | {"numbers": list(each.numbers)} for each in trace.steps],
        "pay": [_line(line) for line in record.pay],
        "premiums": [_line(line) for line in record.premiums],
        "worked": record.worked_seconds,
        "status": record.status.value,
    }


def _line(line: PayLine) -> dict[str, Any]:
    return {"code": line.code, "rate": str(line.rate), "seconds": line.seconds}


def sentence(zone: str, rule: str, numbers: Sequence[Any]) -> str:
    return TEMPLATES[rule](zone, numbers)


def explain(data: Mapping[str, Any]) -> list[str]:
    """A stored trace (``as_json``) in words: the day line by line, in the order in which the rules worked."""
    zone = data["zone"]
    lines = []
    for segment in data["segments"]:
        shift = f"Shift {segment['shift']}" if segment["shift"] is not None else "No shift"
        times = ""
        if segment["starts"] is not None and segment["ends"] is not None:
            times = f" {_clock(zone, segment['starts'])}-{_clock(zone, segment['ends'])}"
        lines.append(f"{shift}{times}: {segment['why']}.")
    lines += [sentence(zone, step["rule"], step["numbers"]) for step in data["steps"]]
    lines += [f"{line['code']}: {duration(line['seconds'])} at rate {line['rate']}." for line in data["pay"]]
    lines += [f"Premium {line['code']}: {duration(line['seconds'])}." for line in data["premiums"]]
    lines += [
        f"Punch {_clock(zone, each['at'])} not counted ({each['role']}): {each['why']}."
        for each in data["punches"]
        if not each["used"]
    ]
    lines.append(f"Worked {duration(data['worked'])}; status {data['status'].replace('_', ' ')}.")
    return lines
