"""Text that PostgreSQL cannot hold: told to the caller as wrong input, wherever in a request it stood."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError

from foundation.web import problem_response

# character_not_in_repertoire and untranslatable_character: a zero byte, in text or inside JSON.
_CODES = frozenset({"22021", "22P05"})


def refuse_unstorable_text(app: FastAPI) -> None:
    """Answer 422 instead of 500 where no schema caught a zero character before the database did."""
    app.add_exception_handler(DBAPIError, _on_database_error)


async def _on_database_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DBAPIError)
    if getattr(error.orig, "sqlstate", None) not in _CODES:
        raise error
    return problem_response(422, "invalid_text", "Invalid input", "A text holds a zero character, which cannot be kept")
