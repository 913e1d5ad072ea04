"""``punctual organisation …``: the console's API from the command line.

`build_app` makes the commands; where the console is, and as which client to speak to it, the caller says. Every failure
is one sentence on standard error and an exit code other than 0.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from control_plane.commands.console_client import (
    Command,
    CommandFailed,
    ConsoleClient,
    ConsoleConnection,
    Document,
    add_command,
)
from control_plane.commands.step_view import StepView

__all__ = ["ConsoleConnection", "build_app"]

err = Console(stderr=True, highlight=False)
out = Console(highlight=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Slug = Annotated[str, typer.Argument(help="The organisation's slug.")]

POLL_SECONDS = 0.15


def build_app(connection: Callable[[], ConsoleConnection]) -> typer.Typer:
    """The commands; ``connection`` is asked only when one of them runs."""
    app = typer.Typer(help="Onboard organisations and look after them.", no_args_is_help=True)
    commands: dict[str, Command] = {
        "create": create,
        "list": list_organisations,
        "show": show,
        "client": client,
        "invite-account": invite_account,
        "support": support,
    }
    for name, work in commands.items():
        add_command(app, connection, work, name)
    return app


async def create(  # noqa: PLR0913 - each is an option of the command line
    console: ConsoleClient,
    slug: Slug,
    name: Annotated[str, typer.Option(help="The organisation's name.")],
    owner_email: Annotated[str, typer.Option(help="E-mail address of its first administrator.")],
    owner_name: Annotated[str, typer.Option(help="Name of its first administrator.")] = "",
    zone: Annotated[str, typer.Option(help="IANA time zone in which its days begin.")] = "UTC",
    wait: Annotated[bool, typer.Option(help="Wait until it is active.")] = True,
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.")] = 120.0,
    as_json: AsJson = False,
) -> None:
    """Create an organisation and watch it come up."""
    wanted = {"slug": slug, "name": name, "owner_email": owner_email, "owner_name": owner_name, "zone": zone}
    document = await console.post("/organisations", wanted)
    if wait:
        document = await _watch(console, document, timeout, quiet=as_json)
    sign_in = await console.get(f"/organisations/{slug}/sign-in") if document["phase"] == "active" else None
    if as_json:
        _print_json(document | {"sign_in": sign_in})
    elif sign_in is None:
        out.print(f"{slug} is {document['phase']}; follow it with `punctual organisation show {slug}`")
    else:
        _print_ready(document, sign_in)


async def list_organisations(console: ConsoleClient, as_json: AsJson = False) -> None:
    """All organisations and the phase each is in."""
    documents = await console.get_all("/organisations")
    if as_json:
        _print_json(documents)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for heading in ("Slug", "Name", "Phase", "Portal"):
        table.add_column(heading, no_wrap=True)
    for each in documents:
        table.add_row(each["slug"], Text(each["name"]), each["phase"], each["urls"]["portal"])
    out.print(table if documents else "There are no organisations yet")


async def show(console: ConsoleClient, slug: Slug, as_json: AsJson = False) -> None:
    """One organisation, step by step, with the last error of each."""
    document = await console.get(f"/organisations/{slug}")
    if as_json:
        _print_json(document)
        return
    out.print(Text.assemble((document["name"], "bold"), f" ({slug}) is ", (document["phase"], "bold")))
    out.print(StepView(document).table())
    for title, place in document["urls"].items():
        out.print(f"{title:8}{place}")


async def client(
    console: ConsoleClient,
    slug: Slug,
    name: Annotated[str, typer.Option(help="What the client is for.")],
    scopes: Annotated[str, typer.Option(help="What it may do: `resource:action`, separated by blanks.")],
) -> None:
    """Create an OAuth client for a machine and print its credentials as JSON; the secret is shown this once."""
    _print_json(await console.post(f"/organisations/{slug}/clients", {"name": name, "scopes": scopes.split()}))


async def invite_account(
    console: ConsoleClient,
    slug: Slug,
    email: Annotated[str, typer.Argument(help="The address that the organisation invited.")],
    name: Annotated[str, typer.Option(help="The person's name.")] = "",
    as_json: AsJson = False,
) -> None:
    """Give somebody whom an organisation invited an account at the platform's own sign-in provider."""
    document = await console.post(f"/organisations/{slug}/accounts", {"email": email, "name": name})
    if as_json:
        _print_json(document)
        return
    password = document["initial_password"]
    out.print(f"Account   {document['user_name']}  " + (f"password  {password}" if password else "(existing)"))
    out.print("The account opens nothing by itself: the person follows the link of the invitation.")


async def support(
    console: ConsoleClient,
    slug: Slug,
    reason: Annotated[str, typer.Option(help="Why; the organisation reads it.")],
    ticket: Annotated[str, typer.Option(help="The ticket it is about; the organisation reads it.")],
    minutes: Annotated[int, typer.Option(min=1, max=30, help="How long.")] = 30,
    write: Annotated[bool, typer.Option("--write", help="More than reading is needed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask to look into an organisation, and print a link into its portal: good once, within a minute."""
    wanted = {"reason": reason, "ticket": ticket, "minutes": minutes, "write": write}
    access = await console.post(f"/organisations/{slug}/support", wanted)
    link = None
    if access["state"] == "open":
        link = await console.post(f"/organisations/{slug}/support/{access['id']}/link", {})
    if as_json:
        _print_json(access | {"url": link["url"] if link else None})
    elif link is None:
        out.print(f"{slug} must approve this first; its administrators see it now")
    else:
        out.print(f"Until {access['ends_at']}: {link['url']}", soft_wrap=True)


async def _watch(console: ConsoleClient, document: Document, timeout: float, *, quiet: bool) -> Document:
    """Follow an organisation until it is active, showing its steps; raises `CommandFailed` when the time is over."""
    slug = document["slug"]
    view = StepView(document)
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            if quiet or not err.is_terminal:
                while document["phase"] != "active":
                    await asyncio.sleep(POLL_SECONDS)
                    document = await console.get(f"/organisations/{slug}")
                    if not quiet:
                        for line in view.news(document):
                            err.print(Text(line), soft_wrap=True)
                return document
            with Live(view, console=err, refresh_per_second=12):
                while document["phase"] != "active":
                    await asyncio.sleep(POLL_SECONDS)
                    document = await console.get(f"/organisations/{slug}")
                    view.document = document
            return document
    waiting = next((step for step in document["steps"] if step["state"] != "ok"), None)
    reason = f"; {waiting['name']}: {waiting['message'] or 'not begun'}" if waiting else ""
    raise CommandFailed(f"{slug} is still {document['phase']} after {timeout:g} s{reason}")


def _print_ready(document: Document, sign_in: Document) -> None:
    out.print(Text.assemble((document["name"], "bold"), " is active"))
    out.print(f"Portal    {sign_in['portal_url']}")
    out.print(f"Clocks    {document['urls']['push']}")
    password = sign_in["initial_password"]
    out.print(f"Owner     {sign_in['user_name']}  " + (f"password  {password}" if password else "(existing account)"))


def _print_json(document: object) -> None:
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
