"""The OpenAPI document of a service: FastAPI's own, completed with what every route of the house has in common.

Each operation says which permission it needs (``x-permission``), how one signs in for it, and which refusals it may
answer with: all are problem+json of one shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts

from foundation.sign_in.principal import Requires, ServiceToken, SignedIn

PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "Why a request was not carried out (RFC 9457). ``code`` is stable; ``detail`` is for people.",
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "correlation_id"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:punctual:problem:staff_not_found"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "correlation_id": {"type": "string", "description": "Under which the request stands in our logs"},
        "field": {"type": "string", "description": "The input that is wrong, as a dotted path"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "reason"],
                "properties": {"field": {"type": "string"}, "reason": {"type": "string"}},
            },
        },
    },
}
REFUSALS = {
    400: "The request could not be read",
    401: "Nobody is signed in, or the sign-in is too old for this",
    403: "The caller lacks the permission, or the request came from another site",
    404: "There is no such thing here",
    409: "It contradicts what is there",
    413: "The body is too large",
    415: "The body is not of a type that is taken here",
    422: "The input is not valid; ``field`` and ``errors`` say what and why",
    429: "Too many requests; see Retry-After",
    503: "Something this needs does not answer; see Retry-After",
}
UNSAFE = frozenset({"post", "put", "patch", "delete"})
SIGN_IN = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-session",
        "description": "A person's session. Changes also need the header `X-Punctual: 1`.",
    },
    "client": {
        "type": "oauth2",
        "description": "A machine's token; scopes are the permissions `resource:action`.",
        "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {}}},
    },
}


def complete(app: FastAPI) -> dict[str, Any]:
    """The document of ``app``, made once."""
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    document["components"]["securitySchemes"] = SIGN_IN
    for path, method, need in _operations(app):
        operation = document["paths"].get(path, {}).get(method)
        if operation is not None:
            _complete_operation(operation, path, method, need)
    app.openapi_schema = document
    return document


def _operations(app: FastAPI) -> Iterator[tuple[str, str, object]]:
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, APIRoute):
            for method in route.original_route.methods or ():
                yield str(route.path), method.lower(), _need(route.dependant)


def _need(dependant: Dependant) -> object:
    """The declaration of what a caller must hold; None for public routes."""
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, Requires | SignedIn | ServiceToken):
            return dependency.call
        if (found := _need(dependency)) is not None:
            return found
    return None


def _complete_operation(operation: dict[str, Any], path: str, method: str, need: object) -> None:
    statuses = {422, 429, 503} if operation.get("parameters") or "requestBody" in operation else {429, 503}
    if isinstance(need, Requires | SignedIn):
        statuses |= {401, 403}
        operation["security"] = [{"session": []}, {"client": []}]
    if isinstance(need, ServiceToken):
        statuses |= {401, 403}
    if isinstance(need, Requires):
        operation["x-permission"] = need.permission
    if "{" in path:
        statuses |= {404}
    if method in UNSAFE:
        statuses |= {400, 404, 409, 413, 415, 422}
    responses = operation["responses"]
    # What a route documents itself stands; FastAPI's own description of 422 is not ours.
    for status in sorted(statuses - {int(known) for known in responses if known.isdecimal() and known != "422"}):
        responses[str(status)] = {
            "description": REFUSALS[status],
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
