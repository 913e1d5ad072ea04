"""The console script ``punctual``: the platform, organisations, simulated clocks and the demo."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import control_plane.commands.audit
import control_plane.commands.organisation
import device_bridge.simulator.command
import device_bridge.simulator.judge_command
from control_plane.local.home import Home
from control_plane.local.platform import CLI_CLIENT, OPERATOR_EMAIL, Platform
from control_plane.local.problem import PlatformProblem
from punctual.demo.setup import DemoSetup, SignIn
from punctual.demo.summary import summary_lines

# Where pull clocks may live. Local mode adds loopback, for simulated clocks; production does not.
PRIVATE_NETWORKS = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8"]
LOOPBACK_NETWORKS = ["127.0.0.0/8", "::1/128"]

app = typer.Typer(
    name="punctual",
    help="Punch clocks as a service: run the platform, onboard organisations, simulate clocks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
err = Console(stderr=True, highlight=False, soft_wrap=True)
out = Console(highlight=False)


def home() -> Home:
    """The state folder of this command: ``PUNCTUAL_HOME``, else ``.punctual`` in the current folder."""
    return Home(Path(os.environ.get("PUNCTUAL_HOME") or ".punctual"))


def gateway_port() -> int | None:
    """``PUNCTUAL_PORT``, None when it is not set."""
    text = os.environ.get("PUNCTUAL_PORT")
    if not text:
        return None
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise PlatformProblem(f"PUNCTUAL_PORT is {text!r}; it must be a port number from 1 to 65535")
    return int(text)


def local_platform() -> Platform:
    """The platform of this command's state folder, telling its progress on standard error."""
    configured = os.environ.get("PUNCTUAL_DEVICE_NETWORKS")
    networks = configured.split(",") if configured else PRIVATE_NETWORKS + LOOPBACK_NETWORKS
    return Platform(home(), device_networks=networks, progress=lambda text: err.print(f"  [green]✓[/] {text}"))


def console_connection() -> control_plane.commands.organisation.ConsoleConnection:
    """How `punctual organisation` reaches the console of the local platform."""
    platform = local_platform()
    platform.open(platform.home.load())
    return control_plane.commands.organisation.ConsoleConnection(
        public_url=platform.places.console_url,
        ca_file=platform.places.ca_file,
        client_id=CLI_CLIENT,
        client_secret=platform.state.cli_client_secret,
    )


@app.command()
def up(
    show_password: Annotated[bool, typer.Option("--show-password", help="Print the operator's password.")] = False,
) -> None:
    """Start the platform, or bring back what is missing of it. Running it twice changes nothing."""
    platform = local_platform()
    # Never into a file by itself: the keeper, for one, runs this command and keeps its output.
    show_password |= not platform.home.exists and out.is_terminal
    err.print(f"Starting Punctual in {platform.home.root}")
    places = asyncio.run(platform.up(gateway_port()))
    out.print(f"Console   {places.console_url}")
    password = platform.state.operator_password if show_password else "(punctual up --show-password)"
    out.print(f"Operator  {OPERATOR_EMAIL}  password  {password}")
    out.print(f"Authority {places.ca_file}  (trust it, or accept the browser's warning)", soft_wrap=True)


@app.command()
def down(
    erase: Annotated[bool, typer.Option("--erase", help="Also remove all data and keys, for good.")] = False,
) -> None:
    """Stop everything. Data stays, unless --erase is given."""
    place = home()
    if not place.root.exists():
        err.print(f"There is no platform in {place.root}; nothing to do")
        return
    asyncio.run(_stop(local_platform()))
    if erase:
        place.erase()
        err.print(f"Stopped; {place.root} is removed")
    else:
        err.print(f"Stopped; data stays in {place.root}")


async def _stop(platform: Platform) -> None:
    await DemoSetup(platform, err.print).stop_clocks()
    await platform.down()


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Every part of the platform, running or not. Exit code 1 when something is not running."""
    platform = local_platform()
    parts = platform.status()
    places = platform.places
    if as_json:
        document = {
            "home": str(places.home),
            "console_url": places.console_url,
            "issuer": places.issuer,
            "ca_file": str(places.ca_file),
            "base_domain": places.base_domain,
            "running": all(part.state == "running" for part in parts),
            "parts": [asdict(part) for part in parts],
        }
        typer.echo(json.dumps(document, indent=2))
    else:
        table = Table(box=None, pad_edge=False)
        for heading in ("Part", "State", "Process", "Address"):
            table.add_column(heading)
        colours = {"running": "green", "starting": "yellow", "stopped": "red"}
        for part in parts:
            pid = str(part.pid) if part.pid else ""
            table.add_row(part.name, f"[{colours[part.state]}]{part.state}[/]", pid, part.address)
        out.print(table)
        out.print(f"\nConsole {places.console_url}")
    if any(part.state != "running" for part in parts):
        raise typer.Exit(1)


@app.command()
def demo() -> None:
    """Two organisations with clocks of both kinds, a paid month, and a live punch every few seconds."""
    began = time.monotonic()
    platform = local_platform()
    err.print(f"Setting the demo up in {platform.home.root}")

    async def run() -> list[SignIn]:
        await platform.up(gateway_port())
        return await DemoSetup(platform, lambda text: err.print(f"  [green]✓[/] {text}")).run()

    sign_ins = asyncio.run(run())
    places = platform.places
    sign_ins.insert(0, SignIn("Operators", "", places.console_url, OPERATOR_EMAIL, platform.state.operator_password))
    for line in summary_lines(sign_ins, seconds=time.monotonic() - began, ca_file=places.ca_file):
        out.print(line, soft_wrap=True)


app.add_typer(control_plane.commands.organisation.build_app(console_connection), name="organisation")
app.add_typer(control_plane.commands.audit.build_app(console_connection), name="audit")
app.add_typer(device_bridge.simulator.command.app, name="simulate")
app.command("judge")(device_bridge.simulator.judge_command.judge_command)


def main() -> None:
    """Run a command; a problem that a person can mend is one sentence, never a traceback."""
    # A simulated clock trusts the local gateway without being told.
    if home().ca_file.exists():
        os.environ.setdefault("PUNCTUAL_CA_FILE", str(home().ca_file))
    try:
        app()
    except PlatformProblem as problem:
        err.print(f"[red]{problem}[/]")
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("Interrupted")
        sys.exit(130)


if __name__ == "__main__":
    main()
