"""Errors that carry their HTTP answer: one sentence for a person, one stable code for a program.

A service raises one of these; `foundation.web` renders it as ``application/problem+json`` (RFC 9457). Anything else
that escapes is a fault of ours: it is logged with its correlation id and answered as a bland 500.
"""

from __future__ import annotations


class Problem(Exception):
    """An expected refusal. ``code`` is stable and documented; ``field`` names the input at fault, if one is."""

    status = 500
    title = "Internal error"

    def __init__(self, code: str, detail: str, *, field: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field
        self.retry_after = retry_after


class BadRequest(Problem):
    status, title = 400, "Bad request"


class NotSignedIn(Problem):
    status, title = 401, "Sign in first"


class Forbidden(Problem):
    status, title = 403, "Not allowed"


class NotFound(Problem):
    status, title = 404, "Not found"


class Conflict(Problem):
    status, title = 409, "Conflict"


class Invalid(Problem):
    status, title = 422, "Invalid input"


class TooManyRequests(Problem):
    status, title = 429, "Too many requests"


class BadGateway(Problem):
    status, title = 502, "Upstream failed"


class Unavailable(Problem):
    status, title = 503, "Not available now"


class GatewayTimeout(Problem):
    status, title = 504, "Upstream took too long"
