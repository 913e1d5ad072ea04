"""The engine as payroll people would check it: nights, handovers, rosters, versions, absence, anomalies, sentences."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tenant_stack.rules.anomalies import CATALOGUE
from tenant_stack.rules.engine import compute, reach
from tenant_stack.rules.inputs import Assignment, Calendar, Leave, ScheduledBreak, Shift, WeeklyOff
from tenant_stack.rules.records import Status
from tenant_stack.rules.ruleset import (
    AnomalyRule,
    BreakRule,
    DuplicateRule,
    OvertimeRule,
    PairingRule,
    PunctualityRule,
    RoundingRule,
    RuleSet,
    StatusRule,
    Tier,
)
from tenant_stack.rules.trace import as_json, explain
from tests.tenant_stack.attendance.days import DAY_SHIFT, MONDAY, NIGHT_SHIFT, H, M, kinds, person, punches, records

TUESDAY = MONDAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("zone", "evening", "morning", "hours"),
    [
        ("Europe/Berlin", "2025-03-29 22:00", "2025-03-30 06:00", 7),
        ("Europe/Berlin", "2025-10-25 22:00", "2025-10-26 06:00", 9),
        ("Asia/Kolkata", "2025-03-29 22:00", "2025-03-30 06:00", 8),
    ],
)
def test_a_night_with_a_clock_change_is_worked_and_expected_in_real_hours(
    zone: str, evening: str, morning: str, hours: int
) -> None:
    rules = RuleSet(overtime=OvertimeRule((Tier("OT", "over_schedule"),)))
    day = date.fromisoformat(evening[:10])
    record = records(person(evening, morning, zone=zone, shift=NIGHT_SHIFT, rules=rules))[day]
    assert (record.worked_seconds, record.expected_seconds, record.overtime_seconds) == (hours * H, hours * H, 0)
    assert record.status is Status.PRESENT


def test_a_handover_punch_closes_the_earlier_shift_and_counts_once() -> None:
    early = Shift("A", 6 * H, 14 * H, before=H, after=H)
    late = Shift("B", 14 * H, 22 * H, before=H, after=H)
    staff = person("2025-01-06 06:00", "2025-01-06 14:05", "2025-01-06 14:30", "2025-01-06 22:00")
    staff = replace(
        staff,
        shifts={"A": (early,), "B": (late,)},
        assignments=(Assignment(("A",), MONDAY), Assignment(("B",), MONDAY)),
    )
    record = records(staff)[MONDAY]
    assert [fate.shift for fate in record.trace.fates] == ["A", "A", "B", "B"]
    assert record.worked_seconds == 8 * H + 5 * M + 7 * H + 30 * M


def test_by_state_the_direction_decides_the_handover() -> None:
    early = Shift("A", 6 * H, 14 * H, before=H, after=H)
    late = Shift("B", 14 * H, 22 * H, before=H, after=H)
    staff = person(
        "2025-01-06 06:00 in",
        "2025-01-06 13:40 in",
        "2025-01-06 22:00 out",
        rules=RuleSet(pairing=PairingRule("device_state")),
    )
    staff = replace(
        staff,
        shifts={"A": (early,), "B": (late,)},
        assignments=(Assignment(("A",), MONDAY), Assignment(("B",), MONDAY)),
    )
    record = records(staff)[MONDAY]
    assert [fate.shift for fate in record.trace.fates] == ["A", "B", "B"]
    assert record.status is Status.INCOMPLETE


def test_a_double_shift_without_windows_is_two_shifts_on_their_own_dates() -> None:
    night, morning = Shift("N", 22 * H, 7 * H), Shift("M", 7 * H + 30 * M, 16 * H + 30 * M)
    texts = ("2025-01-06 22:00", "2025-01-07 07:10", "2025-01-07 07:10", "2025-01-07 16:30")
    staff = person(*texts, rules=RuleSet(duplicates=DuplicateRule(0)))
    staff = replace(
        staff,
        punches=tuple(replace(each, id=f"{index} {each.id}") for index, each in enumerate(staff.punches)),
        shifts={"N": (night,), "M": (morning,)},
        assignments=(Assignment(("N",), MONDAY, MONDAY), Assignment(("M",), TUESDAY)),
    )
    found = records(staff)
    assert (found[MONDAY].shifts, found[MONDAY].worked_seconds) == (("N",), 9 * H + 10 * M)
    assert (found[TUESDAY].shifts, found[TUESDAY].worked_seconds) == (("M",), 9 * H + 20 * M)


def test_a_rotation_repeats_from_its_anchor() -> None:
    staff = person(shift=None)
    staff = replace(
        staff,
        last=MONDAY + timedelta(days=7),
        shifts={"D": (DAY_SHIFT,), "N": (NIGHT_SHIFT,)},
        assignments=(Assignment(("D", "D", "N", "N", None, None), MONDAY, anchor=MONDAY - timedelta(days=1)),),
        punches=punches(["2025-01-06 08:00", "2025-01-06 17:00", "2025-01-07 22:00", "2025-01-08 06:00"]),
    )
    found = records(staff)
    assert found[MONDAY].shifts == ("D",)
    assert found[TUESDAY].shifts == ("N",)
    assert found[TUESDAY].worked_seconds == 8 * H
    absent = [day for day, each in found.items() if each.status is Status.ABSENT]
    assert absent == [date(2025, 1, 8), date(2025, 1, 11), date(2025, 1, 12), date(2025, 1, 13)]


def test_a_new_version_of_a_shift_never_alters_earlier_days() -> None:
    texts = [f"2025-01-{day:02d} {clock}" for day in (6, 7, 8) for clock in ("08:20", "17:00")]
    staff = person(*texts, shift=DAY_SHIFT)
    later = replace(DAY_SHIFT, start=9 * H, effective=date(2025, 1, 8))
    changed = replace(staff, shifts={"D": (DAY_SHIFT, later)})
    before, after = compute(staff).records, compute(changed).records
    assert before[:2] == after[:2]
    assert [each.late_seconds for each in after] == [20 * M, 20 * M, 0]


def test_the_default_shift_is_for_days_without_assignment() -> None:
    staff = person("2025-01-06 08:00", "2025-01-06 17:00", "2025-01-07 22:00", "2025-01-08 06:00")
    staff = replace(
        staff,
        shifts={"D": (DAY_SHIFT,), "N": (NIGHT_SHIFT,)},
        default_shift="D",
        assignments=(Assignment(("N",), TUESDAY, TUESDAY),),
    )
    found = records(staff)
    assert (found[MONDAY].shifts, found[TUESDAY].shifts) == (("D",), ("N",))


def test_people_who_never_press_the_state_key_are_read_by_alternation() -> None:
    staff = person("2025-01-06 08:00 in", "2025-01-06 12:00 in", "2025-01-06 13:00 in", "2025-01-06 17:00 in")
    record = records(staff)[MONDAY]
    assert record.worked_seconds == 8 * H
    assert [fate.role for fate in record.trace.fates] == ["in", "out", "in", "out"]


def test_a_forgotten_out_does_not_invert_the_days_after() -> None:
    staff = person(
        "2025-01-06 08:00", "2025-01-07 08:00", "2025-01-07 17:00", rules=RuleSet(pairing=PairingRule("alternate"))
    )
    found = records(staff)
    assert (found[MONDAY].status, found[MONDAY].worked_seconds) == (Status.INCOMPLETE, 0)
    assert (found[TUESDAY].status, found[TUESDAY].worked_seconds) == (Status.PRESENT, 9 * H)


def test_absence_waits_for_the_window_the_devices_and_the_clock() -> None:
    staff = replace(person(shift=DAY_SHIFT), now=datetime(2025, 1, 7, 12, tzinfo=UTC))
    assert records(staff)[MONDAY].status is Status.ABSENT
    behind = replace(staff, complete_until=datetime(2025, 1, 6, 20, 59, tzinfo=UTC))
    assert records(behind) == {}
    reported = replace(staff, complete_until=datetime(2025, 1, 6, 21, 0, tzinfo=UTC))
    assert records(reported)[MONDAY].status is Status.ABSENT
    too_soon = replace(staff, now=datetime(2025, 1, 6, 22, tzinfo=UTC))
    assert records(too_soon) == {}


def test_somebody_who_has_not_arrived_is_shown_without_a_punch() -> None:
    shift = replace(DAY_SHIFT, punctuality=PunctualityRule(late_grace=15 * M))
    for now, expected in (
        (datetime(2025, 1, 6, 8, 20, tzinfo=UTC), True),
        (datetime(2025, 1, 6, 8, 4, tzinfo=UTC), False),
    ):
        found = compute(replace(person(shift=shift), now=now))
        assert ("not_arrived" in kinds(found)) is expected
        assert all(each.state == "pending" for each in found.loose)


def test_an_open_pair_is_pending_until_it_can_no_longer_be_closed() -> None:
    staff = person("2025-01-06 08:00", shift=DAY_SHIFT)
    for now, state in (
        (datetime(2025, 1, 6, 12, tzinfo=UTC), "pending"),
        (datetime(2025, 1, 6, 22, tzinfo=UTC), "active"),
    ):
        record = compute(replace(staff, now=now)).records[0]
        assert [(each.kind, each.state) for each in record.anomalies] == [("missing_out", state)]


def test_nobody_has_left_early_while_the_shift_still_runs() -> None:
    shift = replace(DAY_SHIFT, status=StatusRule(half_day_below=6 * H))
    staff = person("2025-01-06 08:00", "2025-01-06 12:00", shift=shift)
    lunch = compute(replace(staff, now=datetime(2025, 1, 6, 12, 30, tzinfo=UTC))).records[0]
    assert (lunch.status, lunch.early_seconds, lunch.anomalies) == (Status.PRESENT, 0, ())
    evening = compute(replace(staff, now=datetime(2025, 1, 6, 17, 30, tzinfo=UTC))).records[0]
    assert (evening.status, evening.early_seconds) == (Status.HALF_DAY, 5 * H)


def test_an_out_said_twice_is_not_a_missing_in() -> None:
    rules = RuleSet(pairing=PairingRule("device_state"))
    staff = person("2025-01-06 08:00 in", "2025-01-06 17:00 out", "2025-01-06 17:05 out", shift=DAY_SHIFT, rules=rules)
    result = compute(staff)
    assert (result.records[0].status, result.records[0].worked_seconds) == (Status.PRESENT, 9 * H)
    assert kinds(result) == {"repeated_direction"}
    forgot = person("2025-01-06 08:00 in", "2025-01-06 12:00 out", "2025-01-06 17:00 out", shift=DAY_SHIFT, rules=rules)
    assert kinds(compute(forgot)) >= {"missing_in"}


def test_half_day_leave_moves_the_start_and_fractions_add_up() -> None:
    shift = Shift("O", 9 * H, 18 * H, breaks=(ScheduledBreak(13 * H, 14 * H),))
    staff = person("2025-01-06 14:00", "2025-01-06 18:00", shift=shift)
    staff = replace(staff, leaves=(Leave(MONDAY, "first_half"),))
    record = records(staff)[MONDAY]
    assert (record.late_seconds, record.worked_seconds, record.expected_seconds) == (0, 4 * H, 4 * H)
    assert (record.fractions.leave, record.fractions.present) == (Decimal("0.5"), Decimal("0.5"))
    both = replace(
        staff, punches=(), leaves=(Leave(MONDAY, "first_half", code="a"), Leave(MONDAY, "second_half", code="b"))
    )
    assert records(both)[MONDAY].status is Status.ON_LEAVE


def test_work_on_a_holiday_is_always_a_record_with_its_own_code() -> None:
    rules = RuleSet(overtime=OvertimeRule((Tier("HOL", "holiday", Decimal(2)),)))
    staff = person("2025-01-06 08:00", "2025-01-06 17:00", shift=DAY_SHIFT, rules=rules)
    staff = replace(staff, calendar=Calendar(holidays=frozenset({MONDAY})))
    result = compute(staff)
    record = result.records[0]
    assert (record.status, record.pay[0].code, record.overtime_seconds) == (Status.HOLIDAY_WORKED, "HOL", 9 * H)
    assert "holiday_work" in kinds(result)


def test_the_sandwich_counts_only_between_two_absences() -> None:
    staff = person(shift=DAY_SHIFT, rules=RuleSet(status=StatusRule(sandwich=True)))
    staff = replace(
        staff,
        first=date(2025, 1, 9),
        last=date(2025, 1, 13),
        calendar=Calendar(weekly_offs=(WeeklyOff(frozenset({5, 6})),)),
    )
    assert sum(each.fractions.absent for each in compute(staff).records) == 5
    came = replace(staff, punches=punches(["2025-01-13 08:00", "2025-01-13 17:00"]))
    assert sum(each.fractions.absent for each in compute(came).records) == 2


def test_a_missed_second_shift_is_half_a_day() -> None:
    morning, evening = Shift("A", 8 * H, 10 * H, before=H, after=H), Shift("B", 14 * H, 16 * H, before=H, after=H)
    staff = replace(
        person("2025-01-06 08:00", "2025-01-06 10:00"),
        shifts={"A": (morning,), "B": (evening,)},
        assignments=(Assignment(("A",), MONDAY), Assignment(("B",), MONDAY)),
    )
    assert records(staff)[MONDAY].status is Status.HALF_DAY


def test_impossible_travel_and_a_wrong_clock_are_seen() -> None:
    london, paris = (51.5, -0.12), (48.86, 2.35)
    one = replace(punches(["2025-01-06 08:00"])[0], place=london, device="A")
    other = replace(punches(["2025-01-06 08:20"])[0], place=paris, device="B", clock_ahead=-900)
    staff = replace(person("2025-01-06 08:00"), punches=(one, other))
    assert {"impossible_travel", "device_clock_skew"} <= kinds(compute(staff))


def test_a_punch_outside_every_window_waits_in_the_queue() -> None:
    staff = person("2025-01-06 08:00", "2025-01-06 17:00", "2025-01-06 23:30", shift=DAY_SHIFT)
    result = compute(staff)
    assert "unmatched_punch" in kinds(result)
    assert result.records[0].worked_seconds == 9 * H
    counted = compute(replace(staff, rules=(RuleSet(unmatched="count"),)))
    assert "unmatched_punch" not in kinds(counted)


def test_limits_are_data() -> None:
    rules = RuleSet(anomalies=AnomalyRule(no_break_after=6 * H, day_limit=8 * H, long_shift=9 * H, week_limit=8 * H))
    result = compute(person("2025-01-06 08:00", "2025-01-06 17:00", rules=rules))
    assert {"no_break", "over_day_limit", "long_shift"} <= kinds(result)
    assert [each.kind for each in result.weekly] == ["over_week_limit"]


def test_the_catalogue_is_wide_and_every_kind_says_who_acts() -> None:
    assert len(CATALOGUE) >= 15
    assert {each.severity for each in CATALOGUE.values()} <= {"info", "low", "medium", "high"}
    assert all(each.owner in ("manager", "hr", "devices") and each.resolution for each in CATALOGUE.values())


def test_a_worker_can_read_why() -> None:
    rules = RuleSet(
        roundings=(RoundingRule("in", "up", 5 * M, grace=3 * M),),
        breaks=(BreakRule("meal", "deduct", ((6 * H, 60 * M),)),),
        overtime=OvertimeRule((Tier("OT", "daily", after=8 * H),), minimum=60 * M),
    )
    record = records(person("2025-01-06 08:03", "2025-01-06 17:30", "2025-01-06 17:30", shift=DAY_SHIFT, rules=rules))[
        MONDAY
    ]
    lines = explain(as_json(record))
    assert "Shift D 08:00-17:00: the punches lie in its window." in lines
    assert "In 08:03 rounded to 08:00 (up to 5 min)." in lines
    assert "1 h meal deducted: 1 h due when worked more than 6 h." in lines
    assert "30 min overtime is below the minimum of 1 h." in lines
    assert lines[-1] == "Worked 8 h 30 min; status present."
    data = json.loads(json.dumps(as_json(record)))
    assert explain(data) == lines
    assert sum(step["seconds"] for step in data["steps"]) == data["worked"] == 8 * H + 30 * M


def test_the_engine_says_which_punches_it_needs() -> None:
    weekly = RuleSet(overtime=OvertimeRule((Tier("W", "weekly", after=40 * H),), week_start=6))
    first, last = reach((weekly,), date(2025, 1, 8), date(2025, 1, 8))
    assert first <= date(2025, 1, 3)
    assert last == date(2025, 1, 10)


def test_the_california_week() -> None:
    """Labor Code 510: 8 and 12 hours a day, 40 a week, the seventh day in a row."""
    tiers = (
        Tier("OT15", "daily", Decimal("1.5"), 8 * H),
        Tier("OT20", "daily", Decimal(2), 12 * H),
        Tier("W15", "weekly", Decimal("1.5"), 40 * H),
        Tier("S15", "consecutive_day", Decimal("1.5"), 0),
        Tier("S20", "consecutive_day", Decimal(2), 8 * H),
    )
    hours = (8, 8, 8, 8, 8, 6, 10)
    texts = [
        f"2025-01-{6 + day:02d} {clock}" for day, each in enumerate(hours) for clock in ("08:00", f"{8 + each:02d}:00")
    ]
    found = records(person(*texts, rules=RuleSet(overtime=OvertimeRule(tiers))))
    assert [[(line.code, line.seconds // H) for line in found[day].pay] for day in sorted(found)][-2:] == [
        [("W15", 6)],
        [("S15", 8), ("S20", 2)],
    ]
