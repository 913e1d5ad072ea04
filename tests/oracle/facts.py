"""Reading scenario files: plain values, and mappings that know which of their keys somebody has understood."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
MISSING: Any = object()


class NotUnderstoodError(Exception):
    """A key or a phrase of the vocabulary that the adapter does not know."""


class NotInProductError(Exception):
    """The product does not do what the scenario is about; the message says why."""


class _PlainLoader(yaml.SafeLoader):
    """YAML whose times, dates and words stay as written: 12:00 is no number, 2025-01-06 no date, on no truth."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:int")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, str):
        if value in ("true", "True"):
            return True
        if value in ("false", "False"):
            return False
        if value.lstrip("-").isdigit() and (value == "0" or not value.lstrip("-").startswith("0")):
            return int(value)
    return value


class Node:
    """A mapping that remembers which keys were read, so that what nobody read is reported."""

    def __init__(self, data: dict[str, Any], path: str) -> None:
        self.data = data
        self.path = path
        self._read: set[str] = set()
        self._children: list[Node] = []

    def __contains__(self, key: str) -> bool:
        return key in self.data

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def take(self, key: str, default: Any = None) -> Any:
        self._read.add(key)
        return self.data.get(key, default)

    def peek(self, key: str) -> Any:
        return self.data.get(key)

    def node(self, key: str) -> Node:
        """A nested mapping."""
        value = self.take(key)
        if not isinstance(value, dict):
            raise NotUnderstoodError(f"{self.path}.{key}: {value!r}")
        return self.child(value, key)

    def child(self, data: dict[str, Any], name: str) -> Node:
        found = Node(data, f"{self.path}.{name}")
        self._children.append(found)
        return found

    def finish(self) -> None:
        """Every key must have been read."""
        for key in self.data:
            if key not in self._read:
                raise NotUnderstoodError(f"{self.path}.{key}")
        for child in self._children:
            child.finish()


@dataclass
class Scenario:
    id: str
    title: str
    kind: str
    consensus: str
    given: dict[str, Any]
    expect: dict[str, Any]


@dataclass
class Facts:
    """The scenarios of a file in order; ``others`` are facts they may refer to by id."""

    scenarios: list[Scenario]
    others: dict[str, Scenario] = field(default_factory=dict)

    def by_id(self, name: str) -> Scenario:
        for each in self.scenarios:
            if each.id == name:
                return each
        if name in self.others:
            return self.others[name]
        raise NotUnderstoodError(f"given.records_from: there is no scenario {name}")


def _scenarios(path: Path) -> list[Scenario]:
    content = _plain(yaml.load(path.read_text(encoding="utf-8"), Loader=_PlainLoader))
    return [
        Scenario(
            id=str(each["id"]),
            title=str(each.get("title", "")),
            kind=str(each.get("kind", "")),
            consensus=str(each.get("consensus", "")),
            given=each.get("given") or {},
            expect=each.get("expect") or {},
        )
        for each in content["scenarios"]
    ]


def load(path: Path | None = None) -> Facts:
    others = {each.id: each for each in _scenarios(HERE / "referenced.yaml")}
    return Facts(_scenarios(path or HERE / "attendance.yaml"), others)
