"""Consent comes before capture; what came unasked waits, and goes when nobody agrees; taken back, templates go."""

from __future__ import annotations

from tenant_stack.biometrics.maintenance import assign_found_owners, erase_expired
from tenant_stack.biometrics.schemas import BiometricSettings
from tests.tenant_stack.biometrics.people import TEXT, World, template

ENTERED = {"template_type": "FINGERPRINT", "template_format": "zk/10.0", "finger_index": 3, "template_data": "U1MyMQ=="}


async def keep(world: World, settings: BiometricSettings | None = None) -> int:
    async with world.database.transaction() as session:
        return await erase_expired(session, settings or BiometricSettings())


async def test_a_walk_up_waits_for_consent_and_then_goes_out(world: World) -> None:
    one, two = await world.clock("ONE"), await world.clock("TWO")
    person = await world.person("7", one, two, consent=False)
    assert (await world.report("ONE", template("7")))["quarantined"] == 1
    await world.look()
    (held,) = (await world.api.get("/api/biometrics/quarantine"))["items"]
    assert (held["staff_name"], "not agreed" in held["reason"]) == ("Person 7", True)
    assert await world.lease("TWO") == []
    given = await world.consent(person)
    assert (given["version"], given["how"], given["ended_at"]) == (1, "written", None)
    (command,) = await world.lease("TWO")
    assert command["kind"] == "template_update"
    assert (await world.api.get("/api/biometrics/quarantine"))["items"] == []


async def test_without_consent_in_time_it_is_erased_here_and_at_the_clock(world: World) -> None:
    one = await world.clock("ONE")
    person = await world.person("7", one, consent=False)
    await world.report("ONE", template("7"), template("999", template_index=2))
    assert await keep(world) == 0
    await world.sql("UPDATE biometric_templates SET created_at = now() - interval '31 days'")
    assert await keep(world) == 2
    assert await world.sql("SELECT 1 FROM biometric_templates WHERE template_data IS NOT NULL") == []
    commands = await world.lease("ONE")
    assert {(each["kind"], each["target"]["pin"], each["target"]["template_index"]) for each in commands} == {
        ("template_delete", "7", 6),
        ("template_delete", "999", 2),
    }
    await world.answer("ONE", *commands)
    assert await world.sql("SELECT state FROM device_templates GROUP BY state") == [("removed",)]
    (listed,) = await world.templates(person)
    assert (listed["state"], listed["erased_because"]) == ("revoked", "no consent in time")
    trail = await world.sql("SELECT after ->> 'because' FROM audit_log WHERE action = 'template.erase'")
    assert [row[0] for row in trail] == ["no consent in time"] * 2


async def test_consent_taken_back_erases_and_leaves_the_person_on_the_clock(world: World) -> None:
    one = await world.clock("ONE")
    person = await world.person("7", one)
    await world.report("ONE", template("7"))
    assert await world.api.post(f"/api/staff/{person['id']}/consents/withdraw", status=200) == {"erased": 1}
    (command,) = await world.lease("ONE")
    assert command["kind"] == "template_delete"
    detail = await world.api.get(f"/api/staff/{person['id']}")
    assert [each["status"] for each in detail["enrollments"]] == ["enrolled"]
    (consent,) = (await world.api.get(f"/api/staff/{person['id']}/consents"))["items"]
    assert consent["ended_because"] == "withdrawn"
    again = await world.api.post(f"/api/staff/{person['id']}/consents/withdraw", status=409)
    assert again["code"] == "consent_missing"
    refused = await world.api.post(f"/api/staff/{person['id']}/biometrics", ENTERED, 409)
    assert refused["code"] == "consent_missing"


async def test_versions_of_the_text_and_what_is_wrong_with_a_consent(world: World) -> None:
    person = await world.api.add_staff("7")
    path = f"/api/staff/{person['id']}/consents"
    assert (await world.api.post(path, {"how": "written"}, 409))["code"] == "consent_text_missing"
    assert [(await world.api.post("/api/consent-texts", TEXT))["version"] for _ in range(2)] == [1, 2]
    assert (await world.api.post(path, {"how": "written", "version": 9}, 422))["field"] == "version"
    late = {"how": "written", "given_at": "2999-01-01T00:00:00Z"}
    assert (await world.api.post(path, late, 422))["field"] == "given_at"
    assert (await world.api.post(path, {"how": "guessed"}, 422))["field"] == "how"
    assert (await world.api.post(path, {"how": "spoken", "version": 1}))["version"] == 1
    assert (await world.api.post(path, {"how": "electronic"}))["version"] == 2
    listed = (await world.api.get(path))["items"]
    assert [(each["version"], each["ended_because"]) for each in listed] == [(2, ""), (1, "renewed")]
    texts = (await world.api.get("/api/consent-texts"))["items"]
    assert [(each["version"], each["people"]) for each in texts] == [(2, 1), (1, 0)]


async def test_entering_a_template_checks_each_field(world: World) -> None:
    one = await world.clock("ONE")
    person = await world.person("7", one)
    path = f"/api/staff/{person['id']}/biometrics"
    for change, field in (
        ({"quality_score": 101}, "quality_score"),
        ({"quality_score": -1}, "quality_score"),
        ({"finger_index": 10}, "finger_index"),
        ({"finger_index": None}, "finger_index"),
        ({"template_data": "not base64!"}, "template_data"),
        ({"template_data": "AAAAA"}, "template_data"),
        ({"template_format": "10"}, "template_format"),
        ({"part": 3}, "part"),
    ):
        assert (await world.api.post(path, {**ENTERED, **change}, 422))["field"] == field
    made = await world.api.post(path, {**ENTERED, "quality_score": 100, "duress": True})
    assert (made["quality_score"], made["finger_index"], made["duress"], made["origin"]) == (100, 3, True, "entered")
    assert "template_data" not in made
    again = await world.api.post(path, {**ENTERED, "quality_score": 0})
    assert (again["id"], again["quality_score"]) == (made["id"], 0)
    (command,) = await world.lease("ONE")
    assert command["template"]["template_data"] == ENTERED["template_data"]


async def test_leavers_templates_go_after_the_period_here_and_on_the_clocks(world: World) -> None:
    one = await world.clock("ONE")
    leaver, stayer = await world.person("7", one), await world.person("8", one)
    await world.report("ONE", template("7"), template("8", b"SS21 of somebody who stays"))
    await world.sql("UPDATE staff SET active = false WHERE id = :id", id=leaver["id"])
    assert await keep(world) == 0
    await world.sql("UPDATE biometric_templates SET leaver_since = leaver_since - interval '31 days'")
    assert await keep(world) == 1
    assert [each["state"] for each in await world.templates(leaver)] == ["revoked"]
    assert [each["state"] for each in await world.templates(stayer)] == ["active"]
    commands = await world.lease("ONE")
    assert [(each["kind"], each["target"]["pin"]) for each in commands] == [("template_delete", "7")]
    trail = await world.sql("SELECT after ->> 'because' FROM audit_log WHERE action = 'template.erase'")
    assert [row[0] for row in trail] == ["left the organisation"]


async def test_somebody_who_comes_back_in_time_keeps_theirs(world: World) -> None:
    one = await world.clock("ONE")
    person = await world.person("7", one)
    await world.report("ONE", template("7"))
    await world.sql("UPDATE staff SET active = false")
    await keep(world)
    await world.sql("UPDATE biometric_templates SET leaver_since = leaver_since - interval '29 days'")
    await world.sql("UPDATE staff SET active = true")
    await keep(world)
    assert await world.sql("SELECT leaver_since FROM biometric_templates") == [(None,)]
    assert [each["state"] for each in await world.templates(person)] == ["active"]


async def test_an_unknown_pins_template_becomes_its_persons_under_their_own_context(world: World) -> None:
    one, two = await world.clock("ONE"), await world.clock("TWO")
    assert (await world.report("ONE", template("777")))["quarantined"] == 1
    (held,) = (await world.api.get("/api/biometrics/quarantine"))["items"]
    assert (held["staff_id"], held["pin"], "Nobody" in held["reason"]) == (None, "777", True)
    person = await world.person("777", one, two)
    async with world.database.transaction() as session:
        assert await assign_found_owners(session, world.cipher) == 1
    await world.look()
    (listed,) = await world.templates(person)
    assert listed["state"] == "active"
    (command,) = [each for each in await world.lease("TWO") if each["kind"] == "template_update"]
    assert command["template"]["template_data"] == template("777")["template_data"]


async def test_periods_are_settings(world: World) -> None:
    assert await world.api.get("/api/biometrics/settings") == {
        "walk_up_days": 30,
        "leaver_days": 30,
        "rotation_days": 90,
    }
    await world.api.put("/api/biometrics/settings", {"walk_up_days": 1, "leaver_days": 0, "rotation_days": 30})
    assert (await world.api.get("/api/biometrics/settings"))["leaver_days"] == 0
    wrong = {"walk_up_days": 0, "leaver_days": 0, "rotation_days": 30}
    assert (await world.api.put("/api/biometrics/settings", wrong, 422))["field"] == "walk_up_days"
