"""Finds modules, classes and functions of the product that nothing in the product uses: ``make check`` runs it.

Tests do not count as use: code that only tests reach is deleted, or given to users. What is called by a framework and
never by name stands in `CALLED_BY_FRAMEWORKS` (by decorator) or in `EXCEPTIONS`, each with the reason.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import grimp
from vulture import Vulture

ROOT = Path(__file__).parents[2]
SERVICES = ("punctual", "foundation", "control_plane", "tenant_stack", "device_bridge")
KINDS = ("function", "class", "method", "property")
CALLED_BY_FRAMEWORKS = [
    "@registry.*",  # jobs and schedules of a worker
    "@router.*",  # routes
    "@app.*",
    "@application.*",
    "@command.*",  # the command line
    "@cli.*",
    "@main.*",
    "@simulate.*",
    "@field_validator",  # pydantic
    "@model_validator",
    "@*.command",
    "@*.callback",
    "@event.*",  # SQLAlchemy's events
    "@internal.*",  # routes of the bridge
    "@blueprint.*",  # routes of the sign-in provider
]
# Started by name, never imported.
ENTRY_MODULES = {
    "punctual.main": "the console script",
    "control_plane.migrations.env": "run by Alembic",
    "tenant_stack.migrations.env": "run by Alembic",
    "punctual.zygote": "started as a process of its own",
    "punctual.openapi": "make openapi",
    "tenant_stack.reports.writers.__main__": "the process that writes a report",
    "tenant_stack.logo.render_process": "the process that draws the logo",
    "control_plane.local.identity_server": "the sign-in provider of one machine, a process of its own",
    "control_plane.local.keeper": "restarts what died, a process of its own",
}
EXCEPTIONS = {
    "control_plane.ports.driver.inventory": "the drivers' fifth call; the report of orphaned stacks will read it",
    "control_plane.local.driver.inventory": "the drivers' fifth call; the report of orphaned stacks will read it",
    "device_bridge.simulator.terminal_clock.connection_made": "called by asyncio",
    "device_bridge.simulator.terminal_clock.datagram_received": "called by asyncio",
    "device_bridge.simulator.terminal_clock.listening": "the state of a simulated device, for whoever drives it",
    "punctual.demo.owner_sign_in.handle_starttag": "called by html.parser",
}


# A table stands for itself: set-based statements name it in SQL text, and the migrations are compared with it.
TABLES = (".tables.",)


def unused_definitions(root: Path = ROOT) -> Iterator[tuple[str, str]]:
    """(name as in `EXCEPTIONS`, where it stands) of every definition that nothing in the product mentions."""
    vulture = Vulture(ignore_decorators=CALLED_BY_FRAMEWORKS)
    places = [str(root / service) for service in SERVICES if (root / service).is_dir()]
    vulture.scavenge(places, exclude=["*/migrations/versions/*", "*/node_modules/*"])
    for item in vulture.get_unused_code():
        path = Path(item.filename).relative_to(root)
        name = f"{'.'.join(path.with_suffix('').parts)}.{item.name}"
        if item.typ in KINDS and not (item.typ == "class" and any(part in name for part in TABLES)):
            yield name, f"{path}:{item.first_lineno}"


def unreached_modules() -> Iterator[str]:
    """Modules that no program of ours ends up importing."""
    graph = grimp.build_graph(*SERVICES)
    reached = set(ENTRY_MODULES)
    for entry in ENTRY_MODULES:
        reached |= graph.find_upstream_modules(entry)
    for module in sorted(graph.modules - reached):
        if ".migrations" not in module and not graph.find_children(module):
            yield module


def main() -> int:
    found = dict(unused_definitions())
    wrong = [f"{where}: nothing uses {name}" for name, where in found.items() if name not in EXCEPTIONS]
    wrong += [f"{module}: no program imports this module" for module in unreached_modules()]
    wrong += [f"{name}: is used, or is gone; take it out of EXCEPTIONS" for name in EXCEPTIONS if name not in found]
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
