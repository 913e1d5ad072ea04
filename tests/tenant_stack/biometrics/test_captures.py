"""Enrolment at a distance: asked at a desk, done at a clock, each step told."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from foundation.clock import utc_now
from tenant_stack.biometrics import captures
from tenant_stack.biometrics.tasks import start_pull_capture
from tenant_stack.worker import WorkerContext
from tests.tenant_stack.biometrics.people import World, template


async def begin(world: World, person: Any, device: Any, status: int = 202, **more: Any) -> Any:
    body = {"biometric": {"device_id": device["id"], "finger_index": 6, **more}}
    answer = await world.api.post(f"/api/staff/{person['id']}/enroll", body, status)
    return answer.get("enrolment", answer)


async def advance(world: World) -> None:
    async with world.database.transaction() as session:
        await captures.update_open_captures(session)


async def step(world: World, serial: str, enrolment: str, step: str, **more: Any) -> None:
    told = {"serial": serial, "enrolment": enrolment, "at": utc_now().isoformat(), "step": step, **more}
    await world.bridge.call("enrolments/step", told, 204)


async def test_every_step_at_a_push_clock_until_all_clocks_have_it(world: World) -> None:
    one, two = await world.clock("ONE"), await world.clock("TWO")
    person = await world.person("7", one, two)
    started = await begin(world, person, one)
    assert (started["state"], started["open"], started["pin"], started["zone"]) == ("asked", True, "7", "Asia/Dubai")
    busy = await begin(world, person, one, 409)
    assert (busy["code"], busy["field"]) == ("device_busy", "biometric.device_id")
    (command,) = await world.lease("ONE")
    assert (command["kind"], command["target"]) == (
        "enroll",
        {"pin": "7", "template_type": "FINGERPRINT", "template_index": 6},
    )
    await advance(world)
    await step(world, "ONE", command["id"], "started")
    for touch in (1, 2, 3):
        await step(world, "ONE", command["id"], "touch", touch=touch)
    seen = await world.api.get(f"/api/enrolments/{started['id']}")
    assert (seen["state"], seen["touch"]) == ("touch", 3)
    assert (await world.report("ONE", template("7")))["stored"] == 1
    await world.answer("ONE", command)
    await advance(world)
    assert (await world.api.get(f"/api/enrolments/{started['id']}"))["state"] == "stored"
    (update,) = await world.lease("TWO")
    await world.answer("TWO", update)
    await advance(world)
    done = await world.api.get(f"/api/enrolments/{started['id']}")
    assert [each["step"] for each in done["steps"]] == [
        "asked", "sent", "started", "touch", "touch", "touch", "stored", "distributed",
    ]  # fmt: skip
    assert (done["state"], done["open"], done["template_id"] is not None) == ("distributed", False, True)
    assert {copy["device_name"]: copy["state"] for copy in done["copies"]} == {"ONE": "confirmed", "TWO": "written"}
    (listed,) = await world.templates(person)
    assert listed["origin"] == "enrolment"
    assert len((await world.api.get("/api/enrolments", staff_id=person["id"]))["items"]) == 1


async def test_not_without_consent_nor_at_a_clock_that_is_not_trusted(world: World) -> None:
    one, weak = await world.clock("ONE"), await world.clock("WEAK", trust="punches")
    person = await world.person("7", one, consent=False)
    assert (await begin(world, person, one, 409))["code"] == "consent_missing"
    assert await world.lease("ONE") == []
    await world.consent(person)
    assert (await begin(world, person, weak, 409))["code"] == "device_not_trusted"
    assert (await begin(world, person, one, 422, finger_index=10))["field"] == "biometric.finger_index"
    nobody = await world.api.post(f"/api/staff/{person['id']}/enroll", {}, 422)
    assert nobody["field"] == "device_ids"


async def test_a_person_who_is_not_on_the_clock_is_put_there_first(world: World) -> None:
    one = await world.clock("ONE")
    person = await world.person("7")
    await begin(world, person, one)
    (user,) = await world.lease("ONE")
    assert user["kind"] == "user_update"
    await world.answer("ONE", user)
    kinds = [each["kind"] for each in await world.lease("ONE")]
    assert "enroll" in kinds or kinds == ["user_query"]


async def test_cancelled_at_the_desk_failed_at_the_clock_and_timed_out(world: World) -> None:
    one = await world.clock("ONE")
    person = await world.person("7", one)
    first = await begin(world, person, one)
    cancelled = await world.api.post(f"/api/enrolments/{first['id']}/cancel", status=200)
    assert (cancelled["state"], cancelled["open"]) == ("cancelled", False)
    assert (await world.api.post(f"/api/enrolments/{first['id']}/cancel", status=409))["code"] == "enrolment_over"
    assert await world.lease("ONE") == []

    second = await begin(world, person, one)
    (command,) = await world.lease("ONE")
    await step(world, "ONE", command["id"], "failed", message="The finger could not be read")
    await world.answer("ONE", command, code=4)
    await step(world, "ONE", command["id"], "touch", touch=1)
    failed = await world.api.get(f"/api/enrolments/{second['id']}")
    assert (failed["state"], failed["message"], failed["touch"]) == ("failed", "The finger could not be read", 0)

    third = await begin(world, person, one)
    await world.sql("UPDATE enrolment_sessions SET expires_at = now() - interval '1 second' WHERE state = 'asked'")
    await advance(world)
    late = await world.api.get(f"/api/enrolments/{third['id']}")
    assert (late["state"], late["message"]) == ("timed_out", "The clock did not fetch the request in time")
    assert await world.lease("ONE") == []
    await begin(world, person, one)


async def test_a_clock_that_lost_the_person_is_sent_them_and_asked_again(world: World) -> None:
    one = await world.clock("ONE")
    person = await world.person("7", one)
    started = await begin(world, person, one)
    (command,) = await world.lease("ONE")
    await step(world, "ONE", command["id"], "failed", message="The clock does not know this person yet (code -10)")
    await world.answer("ONE", command, code=-10)
    assert (await world.api.get(f"/api/enrolments/{started['id']}"))["open"]
    (user,) = await world.lease("ONE")
    assert user["kind"] == "user_update"
    await world.answer("ONE", user)
    again = [each for each in await world.lease("ONE") if each["kind"] == "enroll"]
    assert [each["id"] for each in again] == [command["id"]]
    await world.report("ONE", template("7"))
    assert (await world.api.get(f"/api/enrolments/{started['id']}"))["state"] == "stored"


async def test_steps_of_another_clock_or_of_nothing_change_nothing(world: World) -> None:
    one, two = await world.clock("ONE"), await world.clock("TWO")
    person = await world.person("7", one)
    started = await begin(world, person, one)
    (command,) = await world.lease("ONE")
    await step(world, "TWO", command["id"], "failed")
    await step(world, "ONE", "no-such-thing", "failed")
    await step(world, "ONE", "999999", "failed")
    assert (await world.api.get(f"/api/enrolments/{started['id']}"))["open"]
    assert two["id"] != one["id"]


async def test_at_a_pull_clock_the_bridge_is_asked_and_its_refusal_is_the_answer(world: World) -> None:
    pull = await world.clock("PULL", connection="pull")
    person = await world.person("7", pull)
    asked: list[Any] = []
    answers = [
        JSONResponse({"serial": "PULL", "done": True}),
        JSONResponse({"code": "terminal_busy", "detail": "Somebody else is at the clock"}, status_code=409),
    ]

    async def act(request: Request) -> Response:
        asked.append(await request.json())
        return answers[len(asked) - 1]

    fake = Starlette(routes=[Route("/internal/terminals/{serial}/act", act, methods=["POST"])])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=fake), base_url="http://bridge") as client:

        class Context:
            database = world.database
            bridge = client
            valkey = world.app.state.valkey

        for expected in ("sent", "failed"):
            started = await begin(world, person, pull, seconds=30)
            async with world.database.transaction() as session:
                (due,) = await captures.lease_pull_captures(session)
            await asyncio.wait_for(start_pull_capture(cast(WorkerContext, Context), due), 20)
            seen = await world.api.get(f"/api/enrolments/{started['id']}")
            assert seen["state"] == expected
            if expected == "sent":
                await step(world, "PULL", started["id"], "touch", touch=2)
                await world.report("PULL", template("7"))
                assert (await world.api.get(f"/api/enrolments/{started['id']}"))["state"] == "stored"
    assert seen["message"] == "Somebody else is at the clock"
    assert asked[0]["target"] == {"pin": "7", "template_type": "FINGERPRINT", "template_index": 6}
    assert (asked[0]["action"], asked[0]["seconds"]) == ("enroll", 30)
