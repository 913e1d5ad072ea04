"""The demo's closing message: where to sign in, as whom, and what to look at."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from punctual.demo.setup import SignIn


def summary_lines(sign_ins: Iterable[SignIn], *, seconds: float, ca_file: Path) -> Iterable[str]:
    """Lines for a terminal, with rich's markup."""
    yield f"\n[bold]Punctual is live[/] ({seconds:.0f} s)\n"
    for each in sign_ins:
        yield f"[bold]{each.name}[/]  {each.zone}"
        yield f"  {each.portal_url}\n  sign in as {each.user_name}  password {each.password}\n"
    yield (
        "Three things to look at, as an owner:\n"
        "  1. the dashboard: somebody punches every few seconds\n"
        "  2. Reports, Monthly attendance, last month: print it, or open a day to see why it is so\n"
        "  3. Payroll: last month is paid; an evening that came to light later waits as a difference\n"
        "Also waiting for you: a correction to approve, a number that two people claim, a clock that is slow.\n"
    )
    yield (
        "Certificates are made on this machine, so a browser warns once for each address: accept, or trust\n"
        f"{ca_file}\n\nStop with `make down`, remove everything with `make reset`."
    )
