"""Every operation of the tenant API with what it demands, read from the application itself.

``python -m tests.security.route_table`` writes the checked-in table anew; read the difference before committing it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts

from foundation.sign_in.principal import Public, RecentLogin, Requires, ServiceToken, SignedIn
from tenant_stack.app import describe

TABLE = Path(__file__).with_name("routes.txt")
SAFE = {"GET", "HEAD", "OPTIONS"}


@dataclass(frozen=True, order=True)
class Operation:
    """``demand``: a permission (``!``: the login must be recent), ``public``, ``signed-in`` or ``service(…)``."""

    path: str
    method: str
    demand: str

    @property
    def permission(self) -> str | None:
        return self.demand.rstrip("!") if ":" in self.demand else None

    @property
    def line(self) -> str:
        return f"{self.method} {self.path} {self.demand}"


def _demands(dependant: Dependant) -> Iterator[str]:
    call = dependant.call
    if isinstance(call, Requires):
        yield call.permission + ("!" if isinstance(call, RecentLogin) else "")
    elif isinstance(call, SignedIn):
        yield "signed-in"
    elif isinstance(call, ServiceToken):
        yield f"service({call.state_name})"
    elif isinstance(call, Public):
        yield "public"
    for child in dependant.dependencies:
        yield from _demands(child)


def operations(app: FastAPI) -> list[Operation]:
    """All of them, sorted; one that demands nothing shows as ``UNDECLARED``."""
    found = set()
    for route in iter_route_contexts(app.routes):
        original = route.original_route
        if not isinstance(original, APIRoute | APIWebSocketRoute):
            continue
        methods = set(original.methods or ()) if isinstance(original, APIRoute) else {"WEBSOCKET"}
        demand = "+".join(sorted(set(_demands(route.dependant)))) or "UNDECLARED"
        found |= {Operation(str(route.path), method, demand) for method in methods - {"HEAD"}}
    return sorted(found)


if __name__ == "__main__":
    TABLE.write_text("".join(f"{each.line}\n" for each in operations(describe())))
