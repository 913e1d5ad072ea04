"""``punctual audit verify SLUG``: is the organisation's audit trail what was once written?"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from control_plane.commands.console_client import ConsoleClient, ConsoleConnection, add_command

BROKEN = 3

err = Console(stderr=True, highlight=False)
out = Console(highlight=False)


def build_app(connection: Callable[[], ConsoleConnection]) -> typer.Typer:
    """The commands; ``connection`` is asked only when one of them runs."""
    app = typer.Typer(help="The audit trails of organisations.", no_args_is_help=True)
    add_command(app, connection, verify, "verify")
    add_command(app, connection, anchor, "anchor")
    return app


async def verify(
    console: ConsoleClient,
    slug: Annotated[str, typer.Argument(help="The organisation's slug.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check every line against its seal and against the anchors. Exit code 3 names a broken line."""
    report = await console.post(f"/organisations/{slug}/audit/verify", {})
    if as_json:
        sys.stdout.write(json.dumps(report, indent=2) + "\n")
    elif report["intact"]:
        waiting = f"; {report['waiting']} not chained yet" if report["waiting"] else ""
        lines, anchors = report["checked"], report["anchors"]
        out.print(f"The audit trail of {slug} is intact: {lines} lines, {anchors} anchors agree" + waiting)
    else:
        err.print(Text(f"BROKEN at line {report['broken_number']}: {report['problem']}", style="bold red"))
    if not report["intact"]:
        raise typer.Exit(BROKEN)


async def anchor(console: ConsoleClient, slug: Annotated[str, typer.Argument(help="The organisation's slug.")]) -> None:
    """Remember the newest line of the trail now; it happens every minute by itself."""
    newest = (await console.post(f"/organisations/{slug}/audit/anchor", {}))["newest"]
    out.print(f"Anchored line {newest['number']} of {slug}" if newest else f"The trail of {slug} is empty")
