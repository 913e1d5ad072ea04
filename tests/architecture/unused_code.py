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
]
# Started by name, never imported.
ENTRY_MODULES = {
    "punctual.main": "the console script",
    "punctual.zygote": "started as a process of its own",
    "punctual.openapi": "make openapi",
    "tenant_stack.reports.writers.__main__": "the process that writes a report",
    "tenant_stack.logo.render_process": "the process that draws the logo",
    "control_plane.drivers.processes.identity_server": "the sign-in provider of one machine, a process of its own",
}
EXCEPTIONS: dict[str, str] = {}


def unused_definitions() -> Iterator[tuple[str, str]]:
    """(name as in `EXCEPTIONS`, where it stands) of every definition that nothing in the product mentions."""
    vulture = Vulture(ignore_decorators=CALLED_BY_FRAMEWORKS)
    vulture.scavenge([str(ROOT / service) for service in SERVICES], exclude=["*/migrations/*", "*/node_modules/*"])
    for item in vulture.get_unused_code():
        if item.typ in KINDS:
            path = Path(item.filename).relative_to(ROOT)
            yield f"{'.'.join(path.with_suffix('').parts)}.{item.name}", f"{path}:{item.first_lineno}"


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
