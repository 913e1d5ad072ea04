"""A template taken at one clock reaches the others of its person, is read back, follows changes, and goes away."""

from __future__ import annotations

from tests.tenant_stack.biometrics.people import CANARY, World, encoded, template

OTHER = b"SS21 another capture of the same finger"


async def test_from_one_clock_to_the_other_with_read_back(world: World) -> None:
    one, two = await world.clock("ONE"), await world.clock("TWO")
    person = await world.person("7", one, two)
    result = await world.report("ONE", template("7"))
    assert result == {"received": 1, "stored": 1, "duplicate": 0, "quarantined": 0}
    assert (await world.report("ONE", template("7")))["duplicate"] == 1
    (listed,) = await world.templates(person)
    assert (listed["state"], listed["finger_index"], listed["quality_score"]) == ("active", 6, None)
    assert {copy["device_name"]: copy["state"] for copy in listed["copies"]} == {"ONE": "confirmed", "TWO": "pending"}

    assert await world.lease("ONE") == []
    (command,) = await world.lease("TWO")
    assert (command["kind"], command["template"]["template_data"]) == ("template_update", encoded())
    await world.answer("TWO", command)
    (question,) = await world.lease("TWO")
    assert (question["kind"], question["target"]["template_index"]) == ("template_query", 6)
    assert [copy["state"] for copy in (await world.templates(person))[0]["copies"]] == ["confirmed", "written"]
    await world.answer("TWO", question)
    assert (await world.report("TWO", template("7")))["duplicate"] == 1
    assert [copy["state"] for copy in (await world.templates(person))[0]["copies"]] == ["confirmed", "confirmed"]
    purposes = [row["purpose"] for row in (await world.api.get("/api/biometrics/access"))["items"]]
    assert purposes == ["compared", "sent to clock", "compared", "stored"]


async def test_a_new_capture_follows_to_the_others_and_an_echo_of_the_old_one_does_not_come_back(
    world: World,
) -> None:
    one, two = await world.clock("ONE"), await world.clock("TWO")
    person = await world.person("7", one, two)
    await world.report("ONE", template("7"))
    (command,) = await world.lease("TWO")
    await world.answer("TWO", command)
    (question,) = await world.lease("TWO")
    await world.report("TWO", template("7"))
    await world.answer("TWO", question)
    assert (await world.report("ONE", template("7", OTHER)))["stored"] == 1
    # The other clock reports, before it was told, what it still has.
    await world.report("TWO", template("7", CANARY))
    commands = [each for each in await world.lease("TWO") if each["kind"] == "template_update"]
    assert [each["template"]["template_data"] for each in commands] == [encoded(OTHER)]
    assert len(await world.templates(person)) == 1


async def test_what_reads_back_differently_is_not_confirmed(world: World) -> None:
    one, two = await world.clock("ONE"), await world.clock("TWO")
    person = await world.person("7", one, two)
    await world.report("ONE", template("7"))
    (command,) = await world.lease("TWO")
    await world.answer("TWO", command)
    assert (await world.report("TWO", template("7", b"garbage that it kept")))["quarantined"] == 1
    copy = (await world.templates(person))[0]["copies"][1]
    assert (copy["state"], "not what was sent" in copy["message"]) == ("refused", True)


async def test_a_clock_that_cannot_take_it_and_one_that_is_not_trusted_say_why(world: World) -> None:
    one = await world.clock("ONE")
    old = await world.clock("OLD", FPVersion="9")
    weak = await world.clock("WEAK", trust="punches")
    person = await world.person("7", one, old, weak)
    await world.report("ONE", template("7"))
    copies = {copy["device_name"]: copy for copy in (await world.templates(person))[0]["copies"]}
    assert (copies["OLD"]["state"], copies["WEAK"]["state"]) == ("unfit", "unfit")
    assert "algorithm 9" in copies["OLD"]["message"]
    assert "punches only" in copies["WEAK"]["message"]
    assert await world.lease("OLD") == await world.lease("WEAK") == []
    await world.sql("UPDATE devices SET trust = 'full' WHERE device_serial = 'WEAK'")
    await world.look()
    (command,) = await world.lease("WEAK")
    assert command["template"]["template_data"] == encoded()
    await world.answer("WEAK", command, code=-11)
    copies = {copy["device_name"]: copy for copy in (await world.templates(person))[0]["copies"]}
    assert copies["WEAK"]["state"] == "refused"
    assert "format" in copies["WEAK"]["message"]


async def test_a_pull_clock_fetches_and_confirms_by_read_back(world: World) -> None:
    one, pull = await world.clock("ONE"), await world.clock("PULL", connection="pull")
    person = await world.person("7", one, pull)
    await world.report("ONE", template("7", valid=3))
    (terminal,) = (await world.bridge.client.get("/internal/bridge/terminals")).json()["terminals"]
    assert (terminal["templates_due"], terminal["read_templates"]) == (1, True)
    assert (await world.wanted("PULL", fingerprint_format="zk/9.0"))["templates"] == []
    await world.sql("UPDATE device_templates SET state = 'pending', message = '' WHERE state = 'unfit'")
    (due,) = (await world.wanted("PULL", fingerprint_format="zk/10.0"))["templates"]
    assert (due["template_data"], due["valid"], due["pin"]) == (encoded(), 3, "7")
    await world.seen("PULL", written=[due["id"]])
    assert {copy["state"] for copy in (await world.templates(person))[0]["copies"]} == {"confirmed"}
    assert await world.wanted("PULL") == {"templates": [], "remove": []}

    await world.api.delete(f"/api/staff/{person['id']}/biometrics", 200)
    answer = await world.wanted("PULL")
    assert answer["templates"] == []
    assert answer["remove"] == [{"pin": "7", "template_type": "FINGERPRINT", "template_index": 6}]
    await world.seen("PULL", removed=answer["remove"])
    (command,) = await world.lease("ONE")
    assert (command["kind"], command["target"]["pin"]) == ("template_delete", "7")
    await world.answer("ONE", command)
    (listed,) = await world.templates(person)
    assert listed["state"] == "revoked"
    assert {copy["state"] for copy in listed["copies"]} == {"removed"}
    assert await world.sql("SELECT 1 FROM biometric_templates WHERE template_data IS NOT NULL") == []


async def test_an_erased_template_that_a_clock_still_reports_is_not_kept_again(world: World) -> None:
    one = await world.clock("ONE")
    person = await world.person("7", one)
    await world.report("ONE", template("7"))
    (listed,) = await world.templates(person)
    await world.api.delete(f"/api/staff/{person['id']}/biometrics/{listed['id']}", 200)
    assert (await world.report("ONE", template("7")))["quarantined"] == 1
    assert [each["state"] for each in await world.templates(person)] == ["revoked"]


async def test_a_clock_is_not_believed_more_than_it_is_trusted(world: World) -> None:
    """Somebody who pretends to be a clock must not put their own finger in the place of another's."""
    one, weak = await world.clock("ONE"), await world.clock("WEAK", trust="punches")
    person = await world.person("7", one, weak)
    other = await world.person("8", weak)
    await world.report("ONE", template("7"))
    assert (await world.report("WEAK", template("7", OTHER), template("8", OTHER)))["quarantined"] == 2
    await world.look()
    assert [each["state"] for each in await world.templates(other)] == ["quarantined"]
    (listed,) = await world.templates(person)
    assert listed["captured_at"] == listed["created_at"]
    assert [each for each in await world.lease("ONE") if each["kind"] == "template_update"] == []
