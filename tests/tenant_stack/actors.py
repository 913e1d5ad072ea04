"""Those who use a tenant stack: a person in a browser, and the device bridge."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx

from foundation.clock import utc_now

SERIAL = "CLOCK-1"


class Api:
    """A caller of the public API. ``ok`` and friends check the status and give the answer's JSON."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def call(self, method: str, path: str, status: int, **options: Any) -> Any:
        response = await self.client.request(method, path, **options)
        assert response.status_code == status, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    async def get(self, path: str, **params: Any) -> Any:
        return await self.call("GET", path, 200, params=params)

    async def post(self, path: str, document: dict[str, Any] | None = None, status: int = 201) -> Any:
        return await self.call("POST", path, status, json=document or {})

    async def put(self, path: str, document: dict[str, Any], status: int = 200) -> Any:
        return await self.call("PUT", path, status, json=document)

    async def delete(self, path: str, status: int = 204) -> Any:
        return await self.call("DELETE", path, status)

    async def add_device(self, serial: str = SERIAL, **more: Any) -> Any:
        return await self.post("/api/devices", {"device_serial": serial, "name": serial, "connection": "push", **more})

    async def add_staff(self, employee_id: str, **more: Any) -> Any:
        return await self.post("/api/staff", {"employee_id": employee_id, "name": f"Person {employee_id}", **more})


class Bridge:
    """The device bridge, speaking its contract."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def call(self, path: str, document: dict[str, Any], status: int = 200) -> Any:
        response = await self.client.post(f"/internal/bridge/{path}", json=document)
        assert response.status_code == status, f"{path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    async def punches(self, *punches: dict[str, Any], serial: str = SERIAL, status: int = 200, **more: Any) -> Any:
        batch = {
            "serial": serial,
            "source": "push",
            "received_at": utc_now().isoformat(),
            "source_address": "192.0.2.50",
            "punches": list(punches),
            **more,
        }
        return await self.call("punches", batch, status)

    async def contact(self, serial: str = SERIAL, status: int = 200, **more: Any) -> Any:
        document = {
            "serial": serial,
            "kind": "handshake",
            "source_address": "192.0.2.50",
            "at": utc_now().isoformat(),
            **more,
        }
        return await self.call("contacts", document, status)


def punch(pin: str, local_time: str, status: int = 0, **more: Any) -> dict[str, Any]:
    """A line of a clock's log."""
    return {"pin": pin, "local_time": local_time, "status": status, "verify": 1, **more}


def in_local(zone_hours: int, *, days: int = 0) -> datetime:
    """The wall time in a zone so many hours ahead of UTC."""
    return (utc_now() + timedelta(hours=zone_hours, days=days)).replace(tzinfo=None, microsecond=0)
