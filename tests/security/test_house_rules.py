"""What no linter knows: things that this house does not do, found in the source, each with the reason."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel

import control_plane.app
import device_bridge.app
import tenant_stack.app

ROOT = Path(__file__).parents[2]
SERVICES = ("foundation", "control_plane", "tenant_stack", "device_bridge", "punctual")
# Called by this dotted name, or given this argument: why not.
CALLS = {
    "os.system": "a shell",
    "os.popen": "a shell",
    "socket.inet_aton": "takes '192.168.1.1 ; id' for an address",
    "pickle.load": "runs what it reads",
    "pickle.loads": "runs what it reads",
    "marshal.loads": "runs what it reads",
    "yaml.load": "runs what it reads",
    "eval": "runs what it reads",
    "exec": "runs what it reads",
}
ARGUMENTS = {
    ("shell", True): "a shell",
    ("verify", False): "TLS without looking who answers",
    ("follow_redirects", True): "a redirect leads where nobody has checked",
    ("check_hostname", False): "TLS without looking who answers",
}
NAMES = {
    "BaseHTTPMiddleware": "does not see WebSockets",
    "CORSMiddleware": "no other site reads our answers",
    "defusedcsv": "makes text of numbers",
}
# Storage that scripts read; markup from data.
IN_PAGES = re.compile(
    r"dangerouslySetInnerHTML|innerHTML|\beval\(|new Function\(|document\.cookie"
    r"|Storage\.setItem\([^)]*(?:token|secret|password|passwd)",
    re.IGNORECASE,
)


def sources() -> Iterator[tuple[str, ast.Module]]:
    for service in SERVICES:
        for path in (ROOT / service).rglob("*.py"):
            if "node_modules" not in path.parts:
                yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def offences(tree: ast.AST) -> Iterator[str]:
    """What a piece of source does that it must not."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in CALLS:
                yield f"{node.lineno}: {name}: {CALLS[name]}"
            for keyword in node.keywords:
                value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
                if isinstance(value, bool) and (keyword.arg or "", value) in ARGUMENTS:
                    yield f"{node.lineno}: {keyword.arg}={value}: {ARGUMENTS[keyword.arg or '', value]}"
        elif isinstance(node, ast.Name | ast.alias):
            found: str = node.id if isinstance(node, ast.Name) else node.name
            if found in NAMES:
                yield f"{node.lineno}: {found}: {NAMES[found]}"


def test_nobody_does_what_we_do_not_do() -> None:
    read = list(sources())
    assert len(read) > 300
    assert [f"{path}:{each}" for path, tree in read for each in offences(tree)] == []


@pytest.mark.parametrize(
    "text",
    [
        "os.system('ls')",
        "subprocess.run(x, shell=True)",
        "httpx.get(u, verify=False)",
        "from starlette.middleware.base import BaseHTTPMiddleware",
        "pickle.loads(b)",
    ],
)
def test_an_offence_is_seen(text: str) -> None:
    assert list(offences(ast.parse(text)))


def test_pages_make_no_markup_of_data_and_keep_no_secret() -> None:
    wrong = []
    pages = [
        path
        for folder in ("foundation/portal_kit/src", "tenant_stack/portal/src", "control_plane/portal/src")
        for path in (ROOT / folder).rglob("*.ts*")
    ]
    assert len(pages) > 50
    for path in pages:
        if "test" not in path.name:
            wrong += [f"{path.relative_to(ROOT)}: {found}" for found in IN_PAGES.findall(path.read_text())]
    assert wrong == []


def models_in(annotation: Any, seen: set[type[BaseModel]]) -> None:
    """Every model that a body is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation not in seen:
            seen.add(annotation)
            for field in annotation.model_fields.values():
                models_in(field.annotation, seen)
        return
    for part in getattr(annotation, "__args__", ()):
        models_in(part, seen)


@pytest.mark.parametrize("service", [tenant_stack.app, control_plane.app, device_bridge.app])
def test_no_body_takes_a_field_that_it_does_not_know(service: Any) -> None:
    seen: set[type[BaseModel]] = set()
    for route in iter_route_contexts(service.describe().routes):
        original = route.original_route
        if isinstance(original, APIRoute) and original.body_field is not None:
            models_in(original.body_field.field_info.annotation, seen)
    mine = [each for each in seen if each.__module__.split(".")[0] in SERVICES]
    assert mine or service is device_bridge.app
    assert sorted(each.__name__ for each in mine if each.model_config.get("extra") != "forbid") == []
