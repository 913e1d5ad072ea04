"""A finger is taken at one clock from a desk, reaches the other one byte for byte, and goes away with the consent."""

from __future__ import annotations

from typing import Any

import httpx

from device_bridge.simulator.push_clock import PushClock
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


async def test_a_finger_taken_from_a_desk_reaches_the_other_clock_and_goes_with_the_consent(
    operator: Operator, two_organisations: tuple[str, str]
) -> None:
    slug = two_organisations[0]
    async with operator.console() as console:
        client = await operator.client(console, slug, SCOPES)
    clocks = [
        PushClock(client.push_url, serial, ca_file=operator.ca_file, error_delay=0.3, poll_seconds=0.3)
        for serial in ("FINGER1", "FINGER2")
    ]
    async with operator.tenant(client) as api:

        async def call(method: str, path: str, status: int, document: Any = None) -> Any:
            answer = await api.request(method, path, json=document)
            assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
            return answer.json() if answer.content else None

        person = (await call("POST", "/api/staff", 201, {"employee_id": "4242", "name": "Fatima Noor"}))["id"]
        devices = []
        for clock in clocks:
            device = {"device_serial": clock.serial, "name": clock.serial, "connection": "push"}
            devices.append((await call("POST", "/api/devices", 201, device))["id"])
        try:
            for clock, device in zip(clocks, devices, strict=True):
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
            await call("POST", "/api/consent-texts", 201, TEXT)
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
                return await copies(api, person) == [
                    ("active", "FINGER1", "confirmed"),
                    ("active", "FINGER2", "confirmed"),
                ]

            await until(confirmed, seconds=60, what="the read-back of both clocks")

            assert (await call("POST", f"/api/staff/{person}/consents/withdraw", 200)) == {"erased": 1}

            async def gone() -> bool:
                return await copies(api, person) == [
                    ("revoked", "FINGER1", "removed"),
                    ("revoked", "FINGER2", "removed"),
                ]

            await until(gone, seconds=60, what="the erasure confirmed by both clocks")
            assert (await call("GET", f"/api/staff/{person}", 200))["enrollment_status"] == "enrolled"
        finally:
            for clock in clocks:
                await clock.stop()
