"""A small service on a Unix socket: ``python -m tests.foundation.web_program PATH``."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import BaseModel, ConfigDict
from starlette.requests import HTTPConnection

from foundation import logs
from foundation.errors import Conflict, NotSignedIn
from foundation.portal import mount_portal
from foundation.sign_in.principal import Principal, Public, Requires
from foundation.web import create_app, serve

LIMIT = 1000
PERSON = "Ann Example"


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str


async def authenticate(connection: HTTPConnection) -> Principal:
    if connection.headers.get("authorization") != "Bearer good":
        raise NotSignedIn("not_signed_in", "Sign in first")
    return Principal("user", "42", PERSON, frozenset({"entries:create"}))


async def add(entry: Entry) -> dict[str, str]:
    if entry.name == "taken":
        raise Conflict("name_taken", "Another entry already has this name", field="name")
    if entry.name == "fault":
        raise RuntimeError("secret detail")
    return {"name": entry.name}


async def read_own(id: str, caller: Annotated[Principal, Depends(Requires("entries:create"))]) -> dict[str, str]:
    return {"id": id, "caller": caller.id}


async def count(request: Request) -> int:
    return sum([len(chunk) async for chunk in request.stream()])


async def slow() -> str:
    print("slow began", flush=True)
    await asyncio.sleep(0.5)
    return "done"


def build(dist: Path | None = None) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.authenticate = authenticate
        yield

    app = create_app("Test", "1", lifespan=lifespan, max_body_bytes=LIMIT, larger_bodies={"/large": 100_000})
    app.state.authenticate = authenticate
    router = APIRouter(dependencies=[Depends(Public())])
    router.add_api_route("/entries", add, methods=["POST"])
    router.add_api_route("/large", count, methods=["POST"])
    router.add_api_route("/iclock/cdata", count, methods=["POST"])
    router.add_api_route("/slow", slow, methods=["GET"])
    app.include_router(router)
    app.add_api_route("/entries/{id}", read_own, methods=["GET"])
    if dist is not None:
        mount_portal(app, dist)
    return app


async def main(path: str) -> None:
    logs.configure("test", organisation="acme")

    async def ready() -> None:
        print("ready", flush=True)

    await serve(build(), f"unix:{path}", on_ready=ready)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
