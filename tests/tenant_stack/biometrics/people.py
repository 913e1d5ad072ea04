"""Clocks, people and templates for tests of biometrics."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI

from foundation.audit import SYSTEM
from foundation.clock import utc_now
from foundation.database import Database
from tenant_stack.biometrics.consent import activate_templates
from tenant_stack.biometrics.distribution import distribute, record_command_results
from tenant_stack.biometrics.template_encryption import TemplateCipher
from tests.tenant_stack.actors import Api, Bridge

CANARY = b"SS21-CANARY-of-a-left-thumb-\x00\xff\xfe-0123456789-that-is-nowhere-else"
TEXT = {"title": "Fingerprints at the clock", "text": "We keep a template of your finger to know you at the clock."}


def encoded(data: bytes = CANARY) -> str:
    return base64.b64encode(data).decode()


def template(pin: str, data: bytes = CANARY, **more: Any) -> dict[str, Any]:
    """A template as a clock's bridge reports it."""
    return {
        "pin": pin,
        "template_type": "FINGERPRINT",
        "template_index": 6,
        "template_format": "zk/10.0",
        "template_data": encoded(data),
        **more,
    }


@dataclass
class World:
    """An organisation with clocks and people, in a browser and over the bridge."""

    app: FastAPI
    api: Api
    bridge: Bridge
    database: Database

    @property
    def cipher(self) -> TemplateCipher:
        cipher: TemplateCipher = self.app.state.template_cipher
        return cipher

    async def sql(self, statement: str, **values: Any) -> list[Any]:
        """Run a statement as the database's owner would; rows if it gives any."""
        async with self.database.transaction() as session:
            result = await session.execute(sa.text(statement), values)
            return list(result) if result.returns_rows else []  # type: ignore[attr-defined]

    async def clock(self, serial: str, *, trust: str = "full", connection: str = "push", **info: str) -> Any:
        """An approved clock that takes fingers of algorithm 10."""
        extra = {"connection": "pull", "ip_address": "192.168.1.20"} if connection == "pull" else {}
        device = await self.api.add_device(serial, **extra)
        if connection == "push":
            await self.bridge.contact(serial, info={"FPVersion": "10", "FingerFunOn": "1", **info})
            await self.sql("UPDATE devices SET trust = :trust WHERE id = :id", trust=trust, id=device["id"])
        else:
            report = {"serial": serial, "state": "online", "at": utc_now().isoformat(), "info": {"~ZKFPVersion": "10"}}
            await self.bridge.call("terminals/seen", report, 204)
        return device

    async def person(self, number: str, *devices: Any, consent: bool = True) -> Any:
        """Somebody on these clocks, confirmed there, who agreed or not."""
        person = await self.api.add_staff(number)
        if devices:
            await self.api.post(
                f"/api/staff/{person['id']}/enroll", {"device_ids": [device["id"] for device in devices]}, 202
            )
            await self.sql("UPDATE device_enrollments SET status = 'enrolled' WHERE staff_id = :id", id=person["id"])
            await self.sql("UPDATE device_commands SET state = 'done' WHERE kind IN ('user_update', 'user_query')")
        if consent:
            await self.consent(person)
        return person

    async def consent(self, person: Any) -> Any:
        if not (await self.api.get("/api/consent-texts"))["items"]:
            await self.api.post("/api/consent-texts", TEXT)
        return await self.api.post(f"/api/staff/{person['id']}/consents", {"how": "written"})

    async def report(self, serial: str, *templates: dict[str, Any], **more: Any) -> Any:
        """A clock reports templates."""
        batch = {"serial": serial, "received_at": utc_now().isoformat(), "templates": list(templates), **more}
        return await self.bridge.call("templates", batch)

    async def lease(self, serial: str) -> list[Any]:
        """A push clock polls; the commands it gets."""
        asked = {"serial": serial, "source_address": "192.0.2.50", "at": utc_now().isoformat()}
        answer = await self.bridge.call("commands/lease", asked)
        return list(answer["commands"])

    async def answer(self, serial: str, *commands: Any, code: int = 0) -> None:
        """The clock has carried out commands."""
        results = [{"id": each["id"], "code": code, "text": ""} for each in commands]
        told = {"serial": serial, "source_address": "192.0.2.50", "at": utc_now().isoformat(), "results": results}
        await self.bridge.call("commands/results", told, 204)

    async def wanted(self, serial: str, **more: Any) -> Any:
        return await self.bridge.call("templates/wanted", {"serial": serial, **more})

    async def seen(self, serial: str, **more: Any) -> None:
        await self.bridge.call("templates/seen", {"serial": serial, "at": utc_now().isoformat(), **more}, 204)

    async def templates(self, person: Any) -> list[Any]:
        return list((await self.api.get(f"/api/staff/{person['id']}/biometrics"))["items"])

    async def look(self) -> None:
        """What the worker's round does."""
        async with self.database.transaction() as session:
            await record_command_results(session)
            await activate_templates(session, SYSTEM)
            await distribute(session)
