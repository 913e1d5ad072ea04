"""Writes the OpenAPI documents of the three services to ``docs/openapi``; ``--check`` fails when they have drifted."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from fastapi import FastAPI

import control_plane.app
import device_bridge.app
import tenant_stack.app

FOLDER = Path(__file__).parent.parent / "docs" / "openapi"


def documents() -> dict[str, FastAPI]:
    """The applications by document name, made without any service behind them."""
    return {
        "tenant": tenant_stack.app.describe(),
        "control": control_plane.app.describe(),
        "bridge": device_bridge.app.describe(),
    }


def main() -> None:
    check = "--check" in sys.argv[1:]
    stale = []
    for name, app in documents().items():
        path = FOLDER / f"{name}.json"
        text = json.dumps(app.openapi(), indent=2, sort_keys=True) + "\n"
        if check and (not path.exists() or path.read_text() != text):
            stale.append(str(path.relative_to(FOLDER.parent.parent)))
        if not check:
            FOLDER.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if stale:
        sys.exit(f"{', '.join(stale)} no longer matches the code; run: make openapi")


if __name__ == "__main__":
    main()
