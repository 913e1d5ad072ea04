"""The routes of signing in, the same for the tenants' portal and the operators' console.

``/auth/login`` → provider → ``/auth/callback`` → session cookie; ``/auth/logout``; ``/oauth/token`` for machines.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from dataclasses import asdict
from html import escape
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from foundation.errors import BadRequest, NotSignedIn, Problem, TooManyRequests
from foundation.sign_in.openid import Attempt, Identity, Provider
from foundation.sign_in.principal import Public
from foundation.sign_in.sessions import COOKIE, Sessions, refuse_foreign_origin, set_cookie
from foundation.sign_in.tokens import LIFETIME_SECONDS, Tokens
from foundation.valkey import Valkey

ATTEMPT_COOKIE = "__Host-sign-in"
ATTEMPT_SECONDS = 600
FAILED_SECRETS, FAILED_SECONDS = 20, 60

REFUSAL = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width">
<body style="font: 16px/1.5 system-ui, sans-serif; max-width: 32rem; margin: 15vh auto; padding: 0 1rem">
<h1 style="font-size: 1.4rem">You are not signed in</h1><p>{detail}.</p><p><a href="/">Start again</a></p></html>"""


class SignInService(Protocol):
    """What a service gives to sign people and machines in; held in ``app.state.sign_in``."""

    public_url: str
    valkey: Valkey
    sessions: Sessions
    tokens: Tokens

    async def provider(self) -> Provider:
        """The organisation's provider; `NotFound` when none is configured."""

    async def admit(self, identity: Identity, request: Request, invitation: str = "") -> str:
        """The account's id; `Forbidden` for somebody without one. Writes the audit trail either way.

        ``invitation`` is the secret of the invitation link by which the person came, if they came by one.
        """

    async def refuse(self, problem: Problem, request: Request) -> None:
        """Write a sign-in that failed before anybody was known into the audit trail."""

    async def client_scopes(self, client_id: str, secret: str, request: Request) -> frozenset[str] | None:
        """The scopes of a client whose secret fits, else None."""


class EndTrial(Protocol):
    """What a service that lets connections be tried holds in ``app.state.sign_in_trial``: it ends a sign-in that was
    begun to try a connection. Such an attempt begins no session."""

    async def __call__(
        self, request: Request, document: dict[str, Any], *, code: str, iss: str | None, error: str
    ) -> Response:
        """Where the browser goes next."""


_REFUSAL: dict[str, Any] = {
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["error"],
                "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
            }
        }
    }
}
# The token endpoint refuses in OAuth's own words (RFC 6749, 5.2).
TOKEN_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"description": "The request is not one that is taken here", **_REFUSAL},
    401: {"description": "The client or its secret is not valid", **_REFUSAL},
}


def sign_in_router() -> APIRouter:
    """A fresh router (routers must not be shared between applications)."""
    router = APIRouter(tags=["sign-in"])
    router.add_api_route("/auth/login", login, methods=["GET"], dependencies=[Depends(Public())])
    router.add_api_route("/auth/callback", callback, methods=["GET"], dependencies=[Depends(Public())])
    router.add_api_route("/auth/logout", logout, methods=["POST"], status_code=204, dependencies=[Depends(Public())])
    router.add_api_route(
        "/oauth/token", token, methods=["POST"], dependencies=[Depends(Public())], responses=TOKEN_REFUSALS
    )
    return router


def _service(request: Request) -> SignInService:
    service: SignInService = request.app.state.sign_in
    return service


def _same_site_path(path: str) -> str:
    """Only a path of ours may be returned to: no scheme, no host, no backslash trick."""
    parts = urlsplit(path)
    safe = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if safe and not parts.scheme and not parts.netloc else "/"


async def login(request: Request, next: str = "/", again: bool = False, invitation: str = "") -> Response:
    """Send the browser to the organisation's sign-in provider. ``again`` asks to prove it anew."""
    service = _service(request)
    attempt = await (await service.provider()).begin(again=again)
    response = RedirectResponse(attempt.url, status_code=302)
    document = {"attempt": asdict(attempt), "next": _same_site_path(next), "invitation": invitation[:200]}
    await bind_attempt(response, service.valkey, attempt, document)
    return response


async def bind_attempt(response: Response, valkey: Valkey, attempt: Attempt, document: dict[str, Any]) -> None:
    """Keep an attempt for ten minutes, for the browser that gets ``response`` and for nobody else."""
    binding = secrets.token_urlsafe(32)
    text = json.dumps({**document, "binding": _digest(binding)})
    await valkey.put(text, "sign-in", _digest(attempt.state), seconds=ATTEMPT_SECONDS)
    response.set_cookie(
        ATTEMPT_COOKIE, binding, max_age=ATTEMPT_SECONDS, secure=True, httponly=True, samesite="lax", path="/"
    )


async def callback(
    request: Request, state: str = "", code: str = "", iss: str | None = None, error: str = ""
) -> Response:
    """The provider sends the browser back here; begins a session or says why not, to a person on a page."""
    try:
        return await _begin_session(request, state, code, iss, error)
    except Problem as problem:
        # Somebody without an account is in the trail already, under their name.
        if problem.code not in {"no_account", "domain_refused", "not_an_operator"} and problem.status != 503:
            await _service(request).refuse(problem, request)
        if "text/html" not in request.headers.get("accept", ""):
            raise
        page = REFUSAL.format(title=escape(problem.title), detail=escape(problem.detail))
        return HTMLResponse(page, status_code=problem.status)


async def _begin_session(request: Request, state: str, code: str, iss: str | None, error: str) -> Response:
    service = _service(request)
    text = await service.valkey.take("sign-in", _digest(state))
    if text is None:
        raise BadRequest("sign_in_expired", "This sign-in has run out or was used before; start again")
    document = json.loads(text)
    if not secrets.compare_digest(document["binding"], _digest(request.cookies.get(ATTEMPT_COOKIE, ""))):
        raise BadRequest("sign_in_foreign", "This sign-in was started in another browser; start again")
    if "trial" in document:
        trial: EndTrial = request.app.state.sign_in_trial
        return await trial(request, document, code=code, iss=iss, error=error)
    if error or not code:
        raise NotSignedIn("provider_refused", "The sign-in provider did not sign you in")
    identity = await (await service.provider()).finish(Attempt(**document["attempt"]), code=code, issuer=iss)
    account_id = await service.admit(identity, request, str(document.get("invitation", "")))
    await _end_session(request, service)
    response = RedirectResponse(document["next"], status_code=302)
    cookie = await service.sessions.create(
        account_id,
        address=request.client.host if request.client else "",
        agent=request.headers.get("user-agent", ""),
        authenticated_at=identity.authenticated_at,
    )
    set_cookie(response, cookie)
    response.delete_cookie(ATTEMPT_COOKIE, secure=True, httponly=True, samesite="lax", path="/")
    return response


async def logout(request: Request) -> Response:
    """End this session."""
    service = _service(request)
    refuse_foreign_origin(request, service.public_url)
    await _end_session(request, service)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="lax", path="/")
    return response


async def _end_session(request: Request, service: SignInService) -> None:
    session = await service.sessions.read(request, keep_alive=False)
    if session is not None:
        await service.sessions.end(session)


async def token(request: Request) -> Response:
    """OAuth 2.0 client credentials (RFC 6749 §4.4): an access token of ten minutes, no refresh token."""
    service = _service(request)
    form = await request.form()
    if "client_secret" in request.query_params:
        return _oauth_error("invalid_request", "Secrets do not belong in an address")
    if form.get("grant_type") != "client_credentials":
        return _oauth_error("unsupported_grant_type", "Only client_credentials is offered")
    client_id, secret = _credentials(request, str(form.get("client_id", "")), str(form.get("client_secret", "")))
    await _refuse_guessing(request, service, client_id)
    allowed = await service.client_scopes(client_id, secret, request) if client_id and secret else None
    if allowed is None:
        await service.valkey.count("failed-secrets", _guesser(request, client_id), seconds=FAILED_SECONDS)
        return _oauth_error("invalid_client", "Unknown client or wrong secret", status=401)
    asked = str(form.get("scope", "")).split() or sorted(allowed)
    if not set(asked) <= allowed:
        return _oauth_error("invalid_scope", "The client is not registered for all of these scopes")
    body = {
        "access_token": await service.tokens.issue(client_id, asked),
        "token_type": "Bearer",
        "expires_in": LIFETIME_SECONDS,
        "scope": " ".join(asked),
    }
    return JSONResponse(body, headers={"cache-control": "no-store", "pragma": "no-cache"})


def _guesser(request: Request, client_id: str) -> str:
    return _digest(f"{request.client.host if request.client else ''} {client_id}")


async def _refuse_guessing(request: Request, service: SignInService, client_id: str) -> None:
    """After twenty wrong secrets within a minute this address waits, for this client; others are not held up."""
    failed = await service.valkey.get("failed-secrets", _guesser(request, client_id))
    if failed is not None and int(failed) >= FAILED_SECRETS:
        raise TooManyRequests("too_many_failures", "Too many wrong secrets; wait a minute", retry_after=FAILED_SECONDS)


def _credentials(request: Request, client_id: str, secret: str) -> tuple[str, str]:
    """Client id and secret from the Basic header (form-encoded inside, RFC 6749 §2.3.1) or else from the form."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return client_id, secret
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote(name), unquote(password)


def _oauth_error(error: str, description: str, *, status: int = 400) -> JSONResponse:
    headers = {"cache-control": "no-store"}
    if status == 401:
        headers["www-authenticate"] = 'Basic realm="token"'
    return JSONResponse({"error": error, "error_description": description}, status_code=status, headers=headers)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
