"""Nothing older than the floors is locked, nothing without a hash, nothing that is never to come in."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

ROOT = Path(__file__).parents[2]
FLOORS: dict[str, Any] = tomllib.loads((ROOT / "requirements" / "floors.toml").read_text())
LOCKS = ("runtime.txt", "dev.txt", "bootstrap.txt")
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*])?==([^ ;\\]+)", re.MULTILINE)


def python_lock() -> dict[str, list[Version]]:
    """Every version of every library in the requirements files."""
    found: dict[str, list[Version]] = {}
    for name in LOCKS:
        for library, version in PINNED.findall((ROOT / "requirements" / name).read_text()):
            found.setdefault(library.lower().replace("_", "-"), []).append(Version(version))
    return found


def javascript_lock() -> dict[str, list[Version]]:
    """Every version of every package in the portals' lock, those deep in the tree too."""
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    found: dict[str, list[Version]] = {}
    for path, facts in packages.items():
        if "node_modules/" in path and "version" in facts:
            version = Version(re.sub(r"-.*", "", facts["version"]))
            found.setdefault(path.rpartition("node_modules/")[2], []).append(version)
    return found


def too_old(lock: dict[str, list[Version]], floors: dict[str, Any]) -> list[str]:
    """What lies below its floor or is not there at all, so that a floor for nothing is noticed."""
    wrong = [f"{name} is in no lock" for name in floors if name not in lock]
    for name, floor in floors.items():
        wrong += [
            f"{name} {version} < {floor['floor']}"
            for version in lock.get(name, [])
            if version < Version(floor["floor"])
        ]
    return wrong


@pytest.mark.parametrize(("lock", "kind"), [(python_lock(), "python"), (javascript_lock(), "javascript")])
def test_nothing_is_older_than_its_floor(lock: dict[str, list[Version]], kind: str) -> None:
    assert len(lock) > 40
    assert too_old(lock, FLOORS[kind]) == []


def test_an_old_version_is_noticed() -> None:
    old = {"authlib": [Version("1.6.8")], "h11": [Version("0.16.0")]}
    floors = {name: FLOORS["python"][name] for name in old}
    assert too_old(old, floors) == ["authlib 1.6.8 < 1.6.11"]
    assert too_old({}, floors) == ["authlib is in no lock", "h11 is in no lock"]


def test_every_floor_has_a_reason_and_a_day() -> None:
    for kind in ("python", "javascript"):
        for name, floor in FLOORS[kind].items():
            assert isinstance(floor["since"], date), name
            assert len(floor["because"]) > 10, name


def test_what_is_never_to_come_in_is_not_there() -> None:
    locked = python_lock().keys() | javascript_lock().keys()
    assert locked & FLOORS["never"].keys() == set()


def test_every_locked_package_has_a_hash() -> None:
    for name in LOCKS:
        for block in re.split(r"\n(?=\S)", (ROOT / "requirements" / name).read_text()):
            if "==" in block.splitlines()[0]:
                assert "--hash=sha256:" in block, f"{name}: {block.splitlines()[0]}"
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    bare = [
        path
        for path, facts in packages.items()
        if "node_modules/" in path and not facts.get("link") and not facts.get("integrity")
    ]
    assert bare == []
