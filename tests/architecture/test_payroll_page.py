"""The examples of docs/payroll.md run as they are printed, against a TLS server for a ``.localhost`` name."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from tests.device_bridge.conftest import serving
from tests.device_bridge.test_push_tls import certificate

HOST = "acme.localhost"
PAGE = (Path(__file__).parents[2] / "docs" / "payroll.md").read_text()
ITEM = {"id": "1", "employee_id": "E-17", "work_date": "2026-11-02", "payable": True, "lines": []}


def payroll_api() -> FastAPI:
    """Token endpoint and feed as an integrator sees them: two pages, and 421 for any other Host header."""
    app = FastAPI()

    @app.middleware("http")
    async def host_only(request: Request, call_next) -> Response:  # type: ignore[no-untyped-def]
        if request.url.hostname != HOST:
            return Response(status_code=421)
        answer: Response = await call_next(request)
        return answer

    @app.post("/oauth/token")
    async def token(request: Request) -> Response:
        basic = "Basic " + b64encode(b"payroll:secret").decode()
        right = request.headers["authorization"] == basic and await request.body() == b"grant_type=client_credentials"
        return JSONResponse({"access_token": "token"} if right else {}, 200 if right else 401)

    @app.get("/api/payroll/records")
    async def records(request: Request) -> Response:
        if request.headers["authorization"] != "Bearer token" or {"from", "to"} - request.query_params.keys():
            return Response(status_code=401)
        last = request.query_params.get("cursor") == "next"
        item = ITEM | {"employee_id": "E-18"} if last else ITEM
        return JSONResponse({"items": [item], "next_cursor": None if last else "next", "as_of": "2026-11-30T00:00:00Z"})

    return app


@pytest.fixture
async def folder(tmp_path: Path) -> AsyncIterator[Path]:
    """A working directory with ``client.json`` and the gateway's authority, while the API is served."""
    trusted, key = certificate(tmp_path, HOST)
    (tmp_path / ".punctual" / "gateway").mkdir(parents=True)
    shutil.copyfile(trusted, tmp_path / ".punctual" / "gateway" / "ca.pem")
    app = payroll_api()
    async with serving(app, host="127.0.0.1", port=0, ssl_certfile=str(trusted), ssl_keyfile=str(key)) as server:
        address = f"https://{HOST}:{server.servers[0].sockets[0].getsockname()[1]}"
        client = {"client_id": "payroll", "client_secret": "secret", "token_url": f"{address}/oauth/token"}
        (tmp_path / "client.json").write_text(json.dumps(client | {"api_url": address}))
        yield tmp_path


async def output_of(folder: Path, *command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, error = await process.communicate()
    assert process.returncode == 0, error.decode()
    return out.decode()


async def test_the_python_example_reads_every_page(folder: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    printed = await output_of(folder, sys.executable, "-c", block)
    assert printed.splitlines() == ["E-17 2026-11-02 True []", "E-18 2026-11-02 True []"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_the_curl_example_reads_the_first_page(folder: Path) -> None:
    lines = "\n".join(re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)).replace("\\\n", " ").splitlines()
    commands = [line.removeprefix("$ ") for line in lines if not line.startswith("$ .venv/bin/punctual")]
    printed = await output_of(folder, "bash", "-ec", "\n".join(commands))
    assert json.loads(printed)["items"] == [ITEM]
