"""The judge finds each kind of difference, and nothing where there is none."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from fastapi import FastAPI, Header
from fastapi.responses import JSONResponse
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from device_bridge.simulator.judge import judge
from device_bridge.simulator.judge_command import judge_command
from device_bridge.simulator.ledger import BadLedger, Ledger, LedgerRow, read_ledger
from tests.device_bridge.conftest import serving


def row(pin: str = "7", time: str = "09:50:48", status: int = 0, serial: str = "S1") -> LedgerRow:
    return LedgerRow(serial, pin, f"2026-11-22 {time}", status)


def test_the_same_rows_in_any_order_are_clean() -> None:
    rows = [row(), row("8"), row(status=1), row(time="09:50:49"), row(serial="S2")]
    verdict = judge(rows, [*reversed(rows), row("99", serial="of another fleet")])
    assert verdict.clean
    assert str(verdict) == "lost 0 doubled 0 altered 0"
    assert verdict.punches == 5


def test_leading_zeros_of_a_number_are_no_difference() -> None:
    assert judge([row("00042"), row("A7")], [row("42"), row("A7")]).clean
    assert not judge([row("0A7")], [row("A7")]).clean


def test_lost() -> None:
    verdict = judge([row(), row("8")], [row()])
    assert verdict.lost == [row("8")]
    assert str(verdict) == "lost 1 doubled 0 altered 0"
    assert verdict.differences() == ["lost: S1 PIN 8 2026-11-22 09:50:48 status 0"]


def test_doubled() -> None:
    verdict = judge([row(), row("8")], [row(), row(), row(), row("8")])
    assert verdict.doubled == [row(), row()]
    assert str(verdict) == "lost 0 doubled 2 altered 0"


@pytest.mark.parametrize("kept", [row("8"), row(time="10:50:48"), row(status=1)], ids=["person", "time", "status"])
def test_altered(kept: LedgerRow) -> None:
    verdict = judge([row(), row("9", "12:00:00")], [kept, row("9", "12:00:00")])
    assert verdict.altered == [(row(), kept)]
    assert str(verdict) == "lost 0 doubled 0 altered 1"
    assert verdict.differences()[0].startswith("altered: S1 PIN 7 2026-11-22 09:50:48 status 0 is kept as PIN")


def test_a_punch_that_nobody_made() -> None:
    stranger = row("404", "23:00:00", 5)
    verdict = judge([row()], [row(), stranger])
    assert verdict.altered == [(None, stranger)]
    assert "no clock made" in verdict.differences()[0]


def test_a_punch_in_quarantine_is_altered_not_lost() -> None:
    verdict = judge([row(), row("8")], [row()], [row("8"), row(), row("55")])
    assert str(verdict) == "lost 0 doubled 0 altered 1"
    assert "in quarantine" in verdict.differences()[0]


ROWS = st.lists(
    st.builds(row, st.sampled_from(["1", "2", "3"]), st.sampled_from(["01:00:00", "02:00:00"]), st.integers(0, 1)),
    max_size=8,
)


@given(ROWS, ROWS)
def test_every_row_is_accounted_for_once(made: list[LedgerRow], kept: list[LedgerRow]) -> None:
    verdict = judge(made, kept)
    paired = [pair for pair in verdict.altered if pair[0] is not None]
    found = len(set(made)) - len(verdict.lost) - len(paired)
    assert found == len(set(made) & set(kept))
    if made:
        assert found + len(verdict.doubled) + len(verdict.altered) == len(kept)
    assert verdict.clean == (not made or sorted(set(made)) == sorted(kept))


def test_a_ledger_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "ledger.csv"
    for rows in ([row(), row("8")], [row("9")]):
        with Ledger(path) as ledger:
            ledger.write(rows)
            assert read_ledger(path)[-1] == rows[-1], "with the operating system before anything is sent"
    with path.open("a") as file:
        file.write("S1,10,2026-11-22 09:5")
    assert read_ledger(path) == [row(), row("8"), row("9")], "a torn last line was never sent"
    path.write_text("serial,pin,local_time,status\nS1,7,2026-11-22 09:50:48,in\n")
    with pytest.raises(BadLedger, match="line 2"):
        read_ledger(path)


@pytest.fixture
async def organisation() -> AsyncIterator[tuple[str, list[LedgerRow]]]:
    """An API with the two lists, of which each page has three rows, for whoever has the token."""
    kept: list[LedgerRow] = []
    app = FastAPI()

    def page(items: list[dict[str, Any]], cursor: str | None) -> dict[str, Any]:
        start = int(cursor or 0)
        more = str(start + 3) if start + 3 < len(items) else None
        return {"items": items[start : start + 3], "next_cursor": more, "total": len(items)}

    @app.get("/api/attendance/logs", response_model=None)
    async def logs(
        cursor: str | None = None, authorization: Annotated[str, Header()] = ""
    ) -> dict[str, Any] | JSONResponse:
        if authorization != "Bearer right":
            return JSONResponse({"code": "not_signed_in"}, status_code=401)
        rows = [
            {"device_serial": each.serial, "pin": each.pin, "local_time": each.local_time, "status": each.status}
            for each in kept
        ]
        return page(rows, cursor)

    @app.get("/api/attendance/quarantine")
    async def quarantine(cursor: str | None = None) -> dict[str, Any]:
        raws = ["rubbish", "8\t2026-11-22 09:50:48\t0\t1", "time=2026-11-22 09:50:48\tpin=1\tevent=4014", "x"]
        return page([{"device_serial": "S1", "raw": raw, "state": "open"} for raw in raws], cursor)

    @app.post("/oauth/token", response_model=None)
    async def token(authorization: Annotated[str, Header()] = "") -> dict[str, Any] | JSONResponse:
        if authorization != f"Basic {base64.b64encode(b'judge:secret').decode()}":
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        return {"access_token": "right"}

    async with serving(app, host="127.0.0.1", port=0) as server:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", kept


async def ask(url: str, ledger: Path, token: str = "right", *more: str) -> Result:
    app = typer.Typer()
    app.command()(judge_command)
    arguments = ["--ledger", str(ledger), *(["--api-url", url] if url else []), *more]
    arguments += ["--token", token] if token else []
    return await asyncio.to_thread(CliRunner().invoke, app, arguments)


async def test_the_command(organisation: tuple[str, list[LedgerRow]], tmp_path: Path) -> None:
    url, kept = organisation
    path = tmp_path / "ledger.csv"
    rows = [row(str(number), "10:00:00") for number in range(1, 9)]
    with Ledger(path) as ledger:
        ledger.write(rows)
    kept += rows
    clean = await ask(url, path)
    assert (clean.exit_code, clean.stdout) == (0, "lost 0 doubled 0 altered 0\n")
    kept.remove(rows[0])
    kept.append(rows[5])
    with Ledger(path) as ledger:
        ledger.write([row("8")])
    wrong = await ask(url, path)
    assert wrong.exit_code == 1
    assert wrong.stdout.splitlines()[0] == "lost 1 doubled 1 altered 1"
    assert len(wrong.stdout.splitlines()) == 4


async def test_an_oauth_client_and_a_document(organisation: tuple[str, list[LedgerRow]], tmp_path: Path) -> None:
    url, kept = organisation
    path = tmp_path / "ledger.csv"
    with Ledger(path) as ledger:
        ledger.write([row(), row("9", "10:00:00")])
    kept += [row(), row(), row("404", "23:00:00", 5)]
    client = ("--client-id", "judge", "--client-secret", "secret")
    found = await ask(url, path, "", *client, "--json")
    assert found.exit_code == 1
    said = json.loads(found.stdout)["api"]
    assert said["counts"] == {"lost": 1, "doubled": 1, "altered": 1}
    assert said["lost"] == [{"serial": "S1", "pin": "9", "local_time": "2026-11-22 10:00:00", "status": 0}]
    assert said["altered"][0]["made"] is None
    refused = await ask(url, path, "", "--client-id", "judge", "--client-secret", "wrong")
    assert (refused.exit_code, refused.stderr.strip()) == (2, f"{url}/oauth/token was answered with status 401")


async def test_what_cannot_be_judged(organisation: tuple[str, list[LedgerRow]], tmp_path: Path) -> None:
    url, _ = organisation
    path = tmp_path / "ledger.csv"
    Ledger(path).write([row()])
    for result, reason in (
        (await ask(url, path, token="wrong"), "status 401"),
        (await ask("http://127.0.0.1:1", path), "does not answer"),
        (await ask(url, tmp_path / "nowhere.csv"), "cannot be read"),
        (await ask("", path), "--api-url, by --database, or by both"),
        (await ask(url, path, ""), "--client-id"),
        (await ask("", path, "", "--database", "postgresql://nobody@127.0.0.1:1/x"), "cannot be opened"),
    ):
        assert result.exit_code == 2
        assert reason in result.stderr
        assert len(result.stderr.splitlines()) == 1
