"""What holds for every input: order, repetition, sums, fractions, one code a second."""

from __future__ import annotations

import pickle
from dataclasses import astuple, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenant_stack.rules.engine import compute, reach
from tenant_stack.rules.inputs import (
    Assignment,
    Calendar,
    Direction,
    Leave,
    Punch,
    ScheduledBreak,
    Shift,
    StaffInput,
    WeeklyOff,
)
from tenant_stack.rules.records import Result
from tenant_stack.rules.ruleset import (
    BreakRule,
    DateRule,
    OvertimeRule,
    PairingRule,
    PremiumRule,
    RoundingRule,
    RuleSet,
    StatusRule,
    Tier,
)
from tenant_stack.rules.trace import as_json, explain
from tenant_stack.rules.validation import ruleset_problems

H = 3600
FIRST = date(2025, 3, 26)  # the week of the European spring change
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])

punches = st.lists(
    st.tuples(
        st.integers(0, 7 * 24 * 60 * 4),  # quarter minutes from the first midnight
        st.sampled_from(list(Direction)),
        st.sampled_from(["a", "b"]),
    ),
    max_size=24,
    unique=True,
)

SHIFTS = {
    "D": (Shift("D", 8 * H, 17 * H, before=2 * H, after=4 * H, breaks=(ScheduledBreak(12 * H, 13 * H),)),),
    "N": (Shift("N", 22 * H, 6 * H, before=2 * H, after=3 * H),),
    "O": (Shift("O", 9 * H, 18 * H, unpaid_break=H, break_rules=(BreakRule(steps=((0, H),)),)),),
    "F": (Shift("F", 0, 0, flexible=True, expected=8 * H),),
}

roundings = st.lists(
    st.builds(
        RoundingRule,
        target=st.sampled_from(["in", "out", "break_out", "break_in", "meal_total", "break_total", "day_total"]),
        mode=st.sampled_from(["down", "up", "nearest", "seven_eight", "partial_up", "cut_off", "clip", "schedule"]),
        interval=st.sampled_from([60, 300, 900, 1800]),
        grace=st.sampled_from([0, 45]),
        cut_off=st.sampled_from([0, 40]),
        near_start=st.sampled_from([None, 900]),
    ),
    max_size=3,
)
breaks = st.lists(
    st.builds(
        BreakRule,
        code=st.sampled_from(["meal", "break"]),
        method=st.sampled_from(["deduct", "add"]),
        steps=st.sampled_from([((6 * H, 1800),), ((6 * H, 1800), (9 * H, 2700)), ((0, 3600),)]),
        include_punched=st.booleans(),
        keep_trigger=st.booleans(),
        window=st.sampled_from([None, (2 * H, 6 * H)]),
    ),
    max_size=2,
)
tiers = st.lists(
    st.sampled_from(
        [
            Tier("D1", "daily", Decimal("1.5"), 8 * H),
            Tier("D2", "daily", Decimal(2), 12 * H),
            Tier("W1", "weekly", Decimal("1.5"), 20 * H),
            Tier("B1", "biweekly", Decimal("1.75"), 30 * H),
            Tier("C", "consecutive_day", Decimal(2), 0, day=3),
            Tier("H", "holiday", Decimal(2)),
            Tier("OFF", "off_day", Decimal("1.5")),
            Tier("X", "over_schedule", Decimal("1.25")),
            Tier("Y", "outside_schedule", Decimal("1.3")),
            Tier("NIGHT", "window", Decimal("1.4"), window=(22 * H, 6 * H)),
        ]
    ),
    max_size=6,
    unique=True,
)
rulesets = st.builds(
    RuleSet,
    pairing=st.builds(
        PairingRule,
        mode=st.sampled_from(["device_state", "alternate", "state_then_alternate"]),
        hours=st.sampled_from(["paired", "paired", "first_last"]),
        repeated_in=st.sampled_from(["keep_first", "restart"]),
        over_long=st.sampled_from(["hold", "pay"]),
        auto_close=st.sampled_from([None, None, "schedule_end", "expected_hours"]),
    ),
    dating=st.builds(
        DateRule,
        kind=st.sampled_from(["shift_start", "first_punch", "shift_end", "most_worked", "split_midnight"]),
        strict_split=st.booleans(),
    ),
    roundings=roundings.map(tuple),
    breaks=breaks.map(tuple),
    overtime=st.builds(
        OvertimeRule,
        tiers=tiers.map(tuple),
        weekly_counts=st.sampled_from(["straight_time", "all"]),
        minimum=st.sampled_from([0, 1800]),
        cap=st.sampled_from([None, 2 * H]),
        rounding=st.sampled_from([None, RoundingRule("overtime", "down", 900)]),
        dropped=st.sampled_from(["REG", "UNAPPROVED"]),
    ),
    premiums=st.sampled_from(
        [(), (PremiumRule("P", window=(22 * H, 6 * H)), PremiumRule("S", weekdays=frozenset({5, 6})))]
    ),
    status=st.sampled_from([StatusRule(), StatusRule(half_day_below=4 * H, absent_below=2 * H, sandwich=True)]),
    unmatched=st.sampled_from(["auto", "queue", "count"]),
    holiday_by_minute=st.booleans(),
)
rotations = st.lists(st.sampled_from(["D", "N", "O", "F", None]), min_size=1, max_size=4)
leaves = st.lists(
    st.builds(
        Leave,
        day=st.dates(FIRST, FIRST + timedelta(days=6)),
        part=st.sampled_from(["full", "first_half", "second_half"]),
        kind=st.sampled_from(["leave", "on_duty"]),
    ),
    max_size=2,
    unique_by=lambda leave: leave.day,
)


@st.composite
def people(draw: st.DrawFn) -> StaffInput:
    zone = draw(ZONES)
    midnight = datetime(2025, 3, 26, tzinfo=UTC)
    found = tuple(
        Punch(f"{at}-{direction}-{device}", midnight + timedelta(seconds=at * 15), zone, direction, device)
        for at, direction, device in draw(punches)
    )
    rotation = draw(st.one_of(st.none(), rotations))
    return StaffInput(
        staff_id="1",
        first=FIRST,
        last=FIRST + timedelta(days=7),
        zone=zone,
        punches=found,
        shifts=SHIFTS,
        assignments=() if rotation is None else (Assignment(tuple(rotation), FIRST - timedelta(days=14)),),
        rules=(draw(rulesets),),
        calendar=Calendar(
            holidays=frozenset(draw(st.sets(st.sampled_from([FIRST, FIRST + timedelta(days=2)])))),
            weekly_offs=draw(st.sampled_from([(), (WeeklyOff(frozenset({5, 6})),)])),
        ),
        leaves=tuple(draw(leaves)),
        now=draw(st.sampled_from([None, datetime(2025, 3, 28, 12, tzinfo=UTC), datetime(2025, 5, 1, tzinfo=UTC)])),
    )


relaxed = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def encoded(result: Result) -> bytes:
    """Bytes without the identity of objects: equal content is equal bytes."""
    return repr(result).encode() + "".join(repr(as_json(each)) for each in result.records).encode()


@relaxed
@given(people(), st.randoms(use_true_random=False))
def test_order_and_repetition_leave_no_mark(staff: StaffInput, random: object) -> None:
    expected = encoded(compute(staff))
    mixed = list(staff.punches) * 2
    random.shuffle(mixed)  # type: ignore[attr-defined]
    again = tuple(pickle.loads(pickle.dumps(punch)) for punch in mixed)
    assert encoded(compute(replace(staff, punches=again))) == expected


@relaxed
@given(people(), st.integers(0, 24))
def test_arriving_in_two_batches_ends_the_same(staff: StaffInput, cut: int) -> None:
    first, second = staff.punches[:cut], staff.punches[cut:]
    compute(replace(staff, punches=second))  # what was computed in between is forgotten
    assert encoded(compute(replace(staff, punches=second + first))) == encoded(compute(staff))


@relaxed
@given(people())
def test_trace_pay_and_fractions_add_up(staff: StaffInput) -> None:
    assert ruleset_problems(staff.rules[0]) == []
    for record in compute(staff).records:
        assert record.worked_seconds >= 0
        assert sum(step.seconds for step in record.trace.steps) == record.worked_seconds
        assert sum(line.seconds for line in record.pay) == record.worked_seconds
        assert sum(minutes for _, minutes in record.pay_minutes) == record.worked_minutes
        assert len({line.code for line in record.pay}) == len(record.pay)
        assert sum(astuple(record.fractions)) == 1
        for line in record.pay:
            assert sum(seconds for _, seconds in line.by_date) == line.seconds
        assert explain(as_json(record))[-1].startswith("Worked ")


@relaxed
@given(people())
def test_no_second_is_in_two_tiers(staff: StaffInput) -> None:
    """Overtime never exceeds work, and a premium never exceeds it by more than its minimum."""
    for record in compute(staff).records:
        assert 0 <= record.overtime_seconds <= record.worked_seconds
        for line in record.premiums:
            assert line.seconds <= record.worked_seconds


@relaxed
@given(people())
def test_every_punch_has_one_fate(staff: StaffInput) -> None:
    first, last = reach(staff.rules, staff.first, staff.last)
    wide = replace(staff, first=first - timedelta(days=1), last=last + timedelta(days=3))
    result = compute(wide)
    told = [fate.punch for record in result.records for fate in record.trace.fates]
    told += [fate.punch for fate in result.fates]
    assert sorted(told) == sorted(punch.id for punch in staff.punches)


@relaxed
@given(people())
def test_a_longer_period_gives_the_same_days(staff: StaffInput) -> None:
    """Incremental equals rebuilt: a day computed alone is the day computed within its month."""
    whole = {each.work_date: each for each in compute(staff).records}
    if staff.rules[0].status.sandwich:
        return  # looks at neighbours on purpose
    middle = FIRST + timedelta(days=3)
    alone = {each.work_date: each for each in compute(replace(staff, first=middle, last=middle)).records}
    assert repr(alone.get(middle)) == repr(whole.get(middle))
