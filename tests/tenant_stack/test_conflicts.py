"""What clocks change themselves: who wins, what is recorded, and how people overturn it."""

from __future__ import annotations

from typing import Any

import pytest

from foundation.clock import utc_now
from foundation.database import Database
from tenant_stack.people.enrollments.clock_person import Facts, alike, sendable, shows_name
from tenant_stack.people.enrollments.person_merge import merge
from tenant_stack.people.groups.plan import Pair, Step, plan
from tests.tenant_stack.actors import Api, Bridge
from tests.tenant_stack.clocks import answer, fetch, obey, plan_all, shows

NOW = utc_now()
EARLIER = NOW.replace(year=NOW.year - 1)


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("Nadia Saleh", "Nadia Saleh", True),
        ("Nadia  Saleh", "Nadia Saleh ", True),
        ("Mohammed Al Rashid", "Mohammed", True),  # eight bytes of the old record
        ("Nadia Saleh", "Nadia", False),  # shorter than any clock cuts: somebody typed it
        ("Зоя Ким", "??? ???", True),
        ("Ann", "Bob", False),
        ("Ann", "", False),
        ("Ann", "Annette", False),
    ],
)
def test_a_name_that_a_clock_may_have_made_of_ours(ours: str, theirs: str, same: bool) -> None:
    assert shows_name(ours, theirs) is same


def test_names_that_may_be_one_persons() -> None:
    assert alike("Nadia Saleh", "NADIA S")
    assert alike("Nadia Saleh", "")
    assert not alike("Nadia Saleh", "Omar Said")


@pytest.mark.parametrize(
    ("ours", "theirs", "ours_at", "expected"),
    [
        # (result, taken, kind), None when the clock changed nothing
        (Facts("Ann", 1), Facts("Ann", 1), NOW, None),
        (Facts("Ann New", 1), Facts("Ann", 1), NOW, None),
        (Facts("Ann", 1), Facts("", 1), NOW, None),
        (Facts("Ann", 1), Facts("Anna Lee", 1), NOW, (Facts("Anna Lee", 1), "device", "changed_at_clock")),
        (Facts("Ann", 1), Facts("Ann", 0), NOW, (Facts("Ann", 0), "device", "changed_at_clock")),
        (Facts("Us", 1), Facts("Them", 1), EARLIER, (Facts("Them", 1), "device", "changed_on_both")),
        (Facts("Us", 1), Facts("Them", 1), NOW, (Facts("Us", 1), "ours", "changed_on_both")),
        (Facts("Us", 1), Facts("Them", 7), NOW, (Facts("Us", 7), "mixed", "changed_on_both")),
    ],
)
def test_three_versions_become_one(ours: Facts, theirs: Facts, ours_at: Any, expected: Any) -> None:
    theirs_at = NOW.replace(month=1, day=1) if ours_at is NOW else NOW
    agreed = Facts("Ann", 1)
    merged = merge(agreed, ours, theirs, agreed, ours_at=ours_at, theirs_at=theirs_at)
    assert (merged and (merged.result, merged.taken, merged.kind)) == expected


def test_a_card_that_only_the_clock_knows_is_not_wiped() -> None:
    assert sendable(Facts("Ann"), None, 77).card == 77
    assert sendable(Facts("Ann"), Facts("Ann", 77), 77).card == 0
    assert sendable(Facts("Ann", 5), None, 77).card == 5


@pytest.mark.parametrize(
    ("pair", "step"),
    [
        ({"wanted_by_group": True, "status": None}, Step.ADD),
        ({"by_hand": True, "status": "removed"}, Step.ADD),
        ({"wanted_by_group": True, "status": "enrolled"}, Step.CHANGE),
        ({"wanted_by_group": True, "status": "pending", "sent": Facts("Ann")}, Step.NOTE),
        ({"wanted_by_group": True, "by_group": True, "status": "enrolled", "agreed": Facts("Ann")}, Step.KEEP),
        ({"by_group": True, "status": "enrolled"}, Step.REMOVE),
        ({"status": "enrolled"}, Step.KEEP),
        ({"status": "enrolled", "active": False}, Step.REMOVE),
        ({"status": "removed", "active": False, "wanted_by_group": True}, Step.KEEP),
        ({"wanted_by_group": True, "status": None, "contested": True}, Step.KEEP),
    ],
)
def test_what_has_to_be_done_about_a_person_and_a_clock(pair: dict[str, Any], step: Step) -> None:
    facts = {"active": True, "wanted_by_group": False, "by_group": False, "by_hand": False, "ours": Facts("Ann")}
    assert plan(Pair(**{**facts, **pair})) is step


async def two_clocks(api: Api, bridge: Bridge, database: Database) -> tuple[Any, Any, Any]:
    """Ann on two clocks of a group, confirmed by both."""
    first, second = await api.add_device("A1"), await api.add_device("A2")
    ann = await api.add_staff("11", name="Ann Lee", card_number=700)
    document = {"name": "Main", "device_ids": [first["id"], second["id"]], "everybody": True}
    await api.post("/api/device-groups", document)
    await plan_all(database)
    for serial in ("A1", "A2"):
        await obey(bridge, serial)
    return first, second, ann


async def test_a_change_at_a_clock_comes_back_and_reaches_the_others(
    api: Api, bridge: Bridge, database: Database
) -> None:
    first, _, ann = await two_clocks(api, bridge, database)
    user = {"pin": "11", "name": "Ann Lee-Moss", "card": 700}
    await shows(bridge, "A1", user)
    assert (await api.get(f"/api/staff/{ann['id']}"))["name"] == "Ann Lee-Moss"
    await plan_all(database)
    assert await fetch(bridge, "A1") == []
    assert [each["user"]["name"] for each in await fetch(bridge, "A2")] == ["Ann Lee-Moss"]
    conflict = (await api.get("/api/conflicts", state="resolved", device_id=first["id"]))["items"][0]
    assert (conflict["kind"], conflict["taken"], conflict["automatic"]) == ("changed_at_clock", "device", True)
    assert (conflict["agreed"]["name"], conflict["theirs"]["name"]) == ("Ann Lee", "Ann Lee-Moss")
    # The clock says it again, and again: one change, one line.
    await shows(bridge, "A1", user)
    assert (await api.get("/api/conflicts"))["total"] == 1


async def test_both_changed_and_a_person_overturns_and_takes_it_back(
    api: Api, bridge: Bridge, database: Database
) -> None:
    first, second, ann = await two_clocks(api, bridge, database)
    path = f"/api/staff/{ann['id']}"
    await api.put(path, {"employee_id": "11", "name": "Ann Ours", "card_number": 700})
    await shows(bridge, "A1", {"pin": "11", "name": "Ann Theirs", "card": 700})
    conflict = (await api.get("/api/conflicts"))["items"][0]
    assert (conflict["kind"], conflict["taken"]) == ("changed_on_both", "device")
    assert (conflict["agreed"]["name"], conflict["ours"]["name"]) == ("Ann Lee", "Ann Ours")
    assert (await api.get(path))["name"] == "Ann Theirs"

    decided = await api.post(f"/api/conflicts/{conflict['id']}/resolve", {"take": "ours"}, 200)
    assert (decided["taken"], decided["automatic"], decided["result"]["name"]) == ("ours", False, "Ann Ours")
    assert decided["undo_until"] is not None
    assert (await api.get(path))["name"] == "Ann Ours"
    await plan_all(database)
    for serial in ("A1", "A2"):
        assert ("user_update", "11") in await obey(bridge, serial)
    assert {each["status"] for each in (await api.get(path))["enrollments"]} == {"enrolled"}

    undone = await api.post(f"/api/conflicts/{conflict['id']}/undo", status=200)
    assert (undone["taken"], undone["automatic"]) == ("device", True)
    assert (await api.get(path))["name"] == "Ann Theirs"
    refused = await api.post(f"/api/conflicts/{conflict['id']}/undo", status=409)
    assert refused["code"] == "nothing_to_undo"
    value = {"take": "value", "value": {"name": "Ann Third", "card": 701}}
    await api.post(f"/api/conflicts/{conflict['id']}/resolve", value, 200)
    shown = await api.get(path)
    assert (shown["name"], shown["card_number"]) == ("Ann Third", 701)
    await plan_all(database)
    assert [(each["user"]["name"], each["user"]["card"]) for each in await fetch(bridge, "A2")] == [("Ann Third", 701)]
    assert {first["id"], second["id"]} == {each["device_id"] for each in shown["enrollments"]}


async def test_an_admin_made_at_a_clock_is_one_there_only(api: Api, bridge: Bridge, database: Database) -> None:
    first, _, ann = await two_clocks(api, bridge, database)
    await shows(bridge, "A1", {"pin": "11", "name": "Ann Lee", "card": 700, "privilege": 14})
    await plan_all(database)
    assert await fetch(bridge, "A2") == []
    conflict = (await api.get("/api/conflicts", staff_id=ann["id"]))["items"][0]
    assert (conflict["fields"], conflict["device_id"]) == (["privilege"], first["id"])
    await api.post(f"/api/conflicts/{conflict['id']}/resolve", {"take": "ours"}, 200)
    await plan_all(database)
    assert [each["user"]["privilege"] for each in await fetch(bridge, "A1")] == [0]


async def test_all_of_a_kind_after_a_preview(api: Api, bridge: Bridge, database: Database) -> None:
    await two_clocks(api, bridge, database)
    bob = await api.add_staff("12", name="Bob Ray")
    await shows(bridge, "A1", {"pin": "11", "name": "Someone Else", "card": 700})
    wanted = {"kind": "changed_at_clock", "take": "ours", "state": "resolved", "preview": True}
    assert await api.post("/api/conflicts/resolve", wanted, 200) == {"matched": 1, "resolved": 0}
    assert await api.post("/api/conflicts/resolve", {**wanted, "preview": False}, 200) == {
        "matched": 1,
        "resolved": 1,
    }
    # What a person has decided is not swept away with what the rule decided.
    assert (await api.post("/api/conflicts/resolve", wanted, 200))["matched"] == 0
    assert (await api.get("/api/staff", q="Ann Lee"))["total"] == 1
    problem = await api.post("/api/conflicts/resolve", {**wanted, "take": "apart"}, 422)
    assert problem["code"] == "not_a_collision"
    assert bob["enrollment_status"] == "not_enrolled"


async def test_one_number_with_two_names(api: Api, bridge: Bridge, database: Database) -> None:
    await api.add_device("A1")
    ann = await api.add_staff("11", name="Ann Lee")
    await shows(bridge, "A1", {"pin": "11", "name": "Omar Said"})
    conflict = (await api.get("/api/conflicts", state="open", kind="pin_collision"))["items"][0]
    assert (conflict["staff_id"], conflict["theirs"]["name"]) == (ann["id"], "Omar Said")
    assert (await api.get(f"/api/staff/{ann['id']}"))["name"] == "Ann Lee"
    problem = await api.post(f"/api/conflicts/{conflict['id']}/resolve", {"take": "value"}, 422)
    assert problem["code"] == "value_missing"
    await api.post(f"/api/conflicts/{conflict['id']}/resolve", {"take": "apart"}, 200)
    assert (await api.get(f"/api/staff/{ann['id']}"))["enrollments"] == []
    assert (await api.get("/api/device-users"))["items"][0]["kept_apart"] is True
    await shows(bridge, "A1", {"pin": "11", "name": "Omar Said"})
    assert (await api.get("/api/conflicts", state="open"))["total"] == 0
    await api.post(f"/api/conflicts/{conflict['id']}/undo", status=200)
    assert len((await api.get(f"/api/staff/{ann['id']}"))["enrollments"]) == 1
    await api.post(f"/api/conflicts/{conflict['id']}/resolve", {"take": "device"}, 200)
    assert (await api.get(f"/api/staff/{ann['id']}"))["name"] == "Omar Said"


async def test_the_same_number_and_name_on_another_clock_is_the_same_person(
    api: Api, bridge: Bridge, database: Database
) -> None:
    first = await api.add_device("A1")
    await api.add_device("A2")
    ann = await api.add_staff("X-1", name="Ann Lee")
    await api.post(f"/api/staff/{ann['id']}/enroll", {"device_ids": [first["id"]], "pin": "5"}, 202)
    await shows(bridge, "A2", {"pin": "5", "name": "ANN L."})
    found = (await api.get(f"/api/staff/{ann['id']}"))["enrollments"]
    assert {each["origin"] for each in found} == {"assigned", "matched_device"}
    assert (await api.get("/api/conflicts"))["total"] == 0


async def test_a_change_at_the_clock_right_after_it_was_written(api: Api, bridge: Bridge, database: Database) -> None:
    clock = await api.add_device("A1")
    ann = await api.add_staff("11", name="Ann Lee")
    await api.post(f"/api/staff/{ann['id']}/enroll", {"device_ids": [clock["id"]]}, 202)
    await answer(bridge, "A1", await fetch(bridge, "A1"))
    await shows(bridge, "A1", {"pin": "11", "name": "Nora Haddad", "card": 777})
    shown = await api.get(f"/api/staff/{ann['id']}")
    assert (shown["name"], shown["enrollments"][0]["status"]) == ("Nora Haddad", "enrolled")
    assert (await api.get("/api/conflicts"))["items"][0]["kind"] == "changed_at_clock"


async def test_a_clock_that_takes_a_change_and_keeps_its_own(api: Api, bridge: Bridge, database: Database) -> None:
    _, _, ann = await two_clocks(api, bridge, database)
    await api.put(f"/api/staff/{ann['id']}", {"employee_id": "11", "name": "Zoe Lee", "card_number": 701})
    await plan_all(database)
    await answer(bridge, "A1", await fetch(bridge, "A1"))
    await shows(bridge, "A1", {"pin": "11", "name": "Ann Lee", "card": 700})
    shown = await api.get(f"/api/staff/{ann['id']}")
    stubborn = next(each for each in shown["enrollments"] if each["device_name"] == "A1")
    assert (stubborn["status"], "still shows them as Ann Lee" in stubborn["message"]) == ("failed", True)
    assert shown["name"] == "Zoe Lee"
