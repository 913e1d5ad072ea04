"""Which routes of an application say nothing about who may call them."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts

from foundation.sign_in.principal import Public, Requires, ServiceToken, SignedIn


def undeclared_routes(app: FastAPI) -> list[str]:
    """Routes that say neither `Requires`, `SignedIn`, `ServiceToken` nor `Public`."""
    declared = (Requires, SignedIn, Public, ServiceToken)
    return [
        str(route.path)
        for route in iter_route_contexts(app.routes)  # looks inside included routers, which app.routes does not
        if isinstance(route.original_route, APIRoute | APIWebSocketRoute)
        and not any(isinstance(dependency.call, declared) for dependency in _walk(route.dependant))
    ]


def _walk(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for child in dependant.dependencies:
        yield from _walk(child)
