"""``punctual judge``: compares a fleet's ledger with an organisation's API, its database, or both.

Exit code 0: no difference; 1: differences; 2: it could not be judged.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import httpx
import typer

from device_bridge.simulator.judge import CannotJudge, Verdict, judge, quarantined_row, read_organisation
from device_bridge.simulator.ledger import BadLedger, LedgerRow, read_ledger
from foundation.outbound import http_client

SHOWN = 20
DIFFERENT, CANNOT_JUDGE = 1, 2

STORED = """
SELECT d.device_serial, p.pin, to_char(p.local_time, 'YYYY-MM-DD HH24:MI:SS'), p.status
FROM punch_logs p JOIN devices d ON d.id = p.device_id
"""
QUARANTINED = """
SELECT d.device_serial, q.raw FROM quarantined_lines q JOIN devices d ON d.id = q.device_id WHERE q.state = 'open'
"""


def judge_command(
    ledger: Annotated[Path, typer.Option("--ledger", help="What the fleet wrote down")],
    api_url: Annotated[
        str, typer.Option("--api-url", help="The organisation, such as https://acme.localhost:8443")
    ] = "",
    token: Annotated[
        str, typer.Option("--token", envvar="PUNCTUAL_TOKEN", help="An access token that may read logs")
    ] = "",
    client_id: Annotated[str, typer.Option("--client-id", envvar="PUNCTUAL_CLIENT_ID", help="Or an OAuth client")] = "",
    client_secret: Annotated[str, typer.Option("--client-secret", envvar="PUNCTUAL_CLIENT_SECRET")] = "",
    database: Annotated[
        str, typer.Option("--database", envvar="PUNCTUAL_DATABASE", help="The organisation's database, as a DSN")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of sentences")] = False,
    ca_file: Annotated[
        Path | None,
        typer.Option("--ca-file", envvar="PUNCTUAL_CA_FILE", help="An authority to trust beside the usual"),
    ] = None,
) -> None:
    """Compare a fleet's ledger with what an organisation has stored: exactly nothing lost, doubled or altered?"""

    async def compare() -> dict[str, Verdict]:
        if not api_url and not database:
            raise CannotJudge("Name the organisation by --api-url, by --database, or by both")
        rows = read_ledger(ledger)
        verdicts = {}
        if api_url:
            async with http_client(ca_file=ca_file, timeout=60.0) as client:
                held = token or await _token(client, api_url, client_id, client_secret)
                client.headers["authorization"] = f"Bearer {held}"
                verdicts["api"] = judge(rows, *await read_organisation(client, api_url))
        if database:
            verdicts["database"] = judge(rows, *await read_database(database))
        return verdicts

    try:
        verdicts = asyncio.run(compare())
    except (BadLedger, CannotJudge, OSError, httpx.InvalidURL) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(CANNOT_JUDGE) from error
    if as_json:
        typer.echo(json.dumps({name: verdict.document(SHOWN) for name, verdict in verdicts.items()}, indent=2))
    else:
        for name, verdict in verdicts.items():
            _say(f"{name}: " if len(verdicts) > 1 else "", verdict)
    if not all(verdict.clean for verdict in verdicts.values()):
        raise typer.Exit(DIFFERENT)


def _say(before: str, verdict: Verdict) -> None:
    typer.echo(f"{before}{verdict}")
    differences = verdict.differences()
    for sentence in differences[:SHOWN]:
        typer.echo(f"  {sentence}")
    if len(differences) > SHOWN:
        typer.echo(f"  and {len(differences) - SHOWN} more")


async def read_database(dsn: str) -> tuple[list[LedgerRow], list[LedgerRow]]:
    """All stored punches, and those of the open quarantine that can be read. Raises `CannotJudge`."""
    import asyncpg  # only here: simulated clocks have no business with a database

    try:
        connection = await asyncpg.connect(dsn, timeout=20)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise CannotJudge(f"The database cannot be opened: {type(error).__name__}") from error
    try:
        stored = [LedgerRow(*row) for row in await connection.fetch(STORED)]
        lines = [quarantined_row(serial, raw) for serial, raw in await connection.fetch(QUARANTINED)]
    except asyncpg.PostgresError as error:
        raise CannotJudge(f"The database is not an organisation's: {error}") from error
    finally:
        await connection.close()
    return stored, [row for row in lines if row is not None]


async def _token(client: httpx.AsyncClient, api_url: str, client_id: str, secret: str) -> str:
    """OAuth 2.0 client credentials at the organisation's own token address."""
    if not client_id:
        raise CannotJudge("Reading an organisation takes --token, or --client-id and --client-secret")
    url = f"{api_url.rstrip('/')}/oauth/token"
    try:
        answer = await client.post(url, auth=(client_id, secret), data={"grant_type": "client_credentials"})
        if answer.status_code == 200:
            return str(answer.json()["access_token"])
    except httpx.HTTPError as error:
        raise CannotJudge(f"{url} does not answer ({error or type(error).__name__})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CannotJudge(f"{url} was not answered with a token") from error
    raise CannotJudge(f"{url} was answered with status {answer.status_code}")
