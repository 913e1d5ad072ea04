"""A finger is taken at one clock from a desk, reaches the other one, and goes away with the consent: on both roads."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from device_bridge.simulator.push_clock import PushClock
from device_bridge.simulator.terminal_clock import TerminalClock
from tests.operator import EVERYTHING, Operator, until

SCOPES = [
    *EVERYTHING,
    "devices:approve",
    "biometrics:create",
    "biometrics:read",
    "biometrics:update",
    "biometrics:delete",
]
TEXT = {"title": "Fingerprints", "text": "We keep a template of your finger to know you at the clock, nowhere else."}


async def copies(api: httpx.AsyncClient, person: str) -> list[tuple[str, str, str]]:
    """State of each template and of its copies, by clock."""
    items = (await api.get(f"/api/staff/{person}/biometrics")).json()["items"]
    return sorted((item["state"], copy["device_name"], copy["state"]) for item in items for copy in item["copies"])


def described(clock: PushClock | TerminalClock) -> dict[str, object]:
    document: dict[str, object] = {"device_serial": clock.serial, "name": clock.serial, "connection": "push"}
    if isinstance(clock, TerminalClock):
        document |= {"connection": "pull", "ip_address": "127.0.0.1", "port": clock.port}
    return document


@pytest.mark.parametrize("roads", ["push push", "pull pull", "pull push"])
async def test_a_finger_taken_from_a_desk_reaches_the_other_clock_and_goes_with_the_consent(
    operator: Operator, two_organisations: tuple[str, str], roads: str
) -> None:
    slug = two_organisations[0]
    async with operator.console() as console:
        client = await operator.client(console, slug, SCOPES)
    place = roads.replace(" ", "-").upper()
    clocks: list[PushClock | TerminalClock] = [
        PushClock(client.push_url, serial, ca_file=operator.ca_file, error_delay=0.3, poll_seconds=0.3)
        if road == "push"
        else TerminalClock(serial, zone="Asia/Dubai")
        for road, serial in zip(roads.split(), (f"FINGER1-{place}", f"FINGER2-{place}"), strict=True)
    ]
    async with operator.tenant(client) as api:

        async def call(method: str, path: str, status: int, document: Any = None) -> Any:
            answer = await api.request(method, path, json=document)
            assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
            return answer.json() if answer.content else None

        number = {"push push": "4242", "pull pull": "4243", "pull push": "4244"}[roads]
        person = (await call("POST", "/api/staff", 201, {"employee_id": number, "name": "Fatima Noor"}))["id"]
        devices = []
        try:
            for clock in clocks:
                if isinstance(clock, TerminalClock):
                    await clock.start()
                device = (await call("POST", "/api/devices", 201, described(clock)))["id"]
                devices.append(device)
                if isinstance(clock, PushClock):
                    await clock.start()
                await call("PUT", f"/api/devices/{device}/trust", 200, {"trust": "full"})
            await call("POST", f"/api/staff/{person}/enroll", 202, {"device_ids": devices})

            async def enrolled() -> bool:
                found = await call("GET", f"/api/staff/{person}", 200)
                return bool(found["enrollment_status"] == "enrolled")

            await until(enrolled, seconds=60, what="the person on both clocks")
            asked = {"biometric": {"device_id": devices[0], "finger_index": 6}}
            refused = await call("POST", f"/api/staff/{person}/enroll", 409, asked)
            assert refused["code"] == "consent_missing"
            await call("POST", "/api/consent-texts", 201, {**TEXT, "title": f"Fingerprints {number}"})
            await call("POST", f"/api/staff/{person}/consents", 201, {"how": "written"})
            session = (await call("POST", f"/api/staff/{person}/enroll", 202, asked))["enrolment"]["id"]

            async def finished() -> Any:
                found = await call("GET", f"/api/enrolments/{session}", 200)
                assert found["state"] not in {"failed", "timed_out"}, found
                return found if found["state"] == "distributed" else None

            done = await until(finished, seconds=60, what="the finger on every clock")
            steps = [step["step"] for step in done["steps"]]
            assert steps[0] == "asked"
            assert steps[-2:] == ["stored", "distributed"]

            async def confirmed() -> bool:
                return await copies(api, person) == [("active", clock.serial, "confirmed") for clock in clocks]

            await until(confirmed, seconds=60, what="the read-back of both clocks")

            assert (await call("POST", f"/api/staff/{person}/consents/withdraw", 200)) == {"erased": 1}

            async def gone() -> bool:
                return await copies(api, person) == [("revoked", clock.serial, "removed") for clock in clocks]

            # Sooner than a pull clock is read anyway: it is told, and does not wait for its turn.
            await until(gone, seconds=25, what="the erasure confirmed by both clocks")
            assert (await call("GET", f"/api/staff/{person}", 200))["enrollment_status"] == "enrolled"
        finally:
            for clock in clocks:
                await clock.stop()
