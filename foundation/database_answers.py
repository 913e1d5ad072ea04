"""What PostgreSQL would not do, as an answer to the caller: wrong input, or something that may be tried again.

Everything else that it refuses is a fault of ours and stays a 500.
"""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from foundation.logs import get_logger
from foundation.web import problem_response

# character_not_in_repertoire and untranslatable_character: a zero byte, in text or inside JSON.
ZERO_CHARACTER = frozenset({"22021", "22P05"})
# serialization_failure, deadlock_detected, lock_not_available: two transactions met, and this one was undone.
CONTENTION = frozenset({"40001", "40P01", "55P03"})
# admin_shutdown, crash_shutdown, cannot_connect_now, too_many_connections.
AWAY = frozenset({"57P01", "57P02", "57P03", "53300"})


def answer_database_errors(app: FastAPI) -> None:
    """Answer 422 where no schema caught a zero character before the database did, 503 where trying again may help."""
    app.add_exception_handler(DBAPIError, _on_database_error)
    app.add_exception_handler(PoolTimeoutError, _on_busy_pool)


def is_contention(error: BaseException) -> bool:
    """Was this transaction undone for another's sake only? The same work, done again, may succeed."""
    return isinstance(error, DBAPIError) and _code(error) in CONTENTION


def _code(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", ""))


async def _on_database_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DBAPIError)
    code = _code(error)
    if code in ZERO_CHARACTER:
        return problem_response(
            422, "invalid_text", "Invalid input", "A text holds a zero character, which cannot be kept"
        )
    if code in CONTENTION | AWAY or error.connection_invalidated:
        return _try_again(error)
    raise error


async def _on_busy_pool(_: Request, error: Exception) -> JSONResponse:
    return _try_again(error)


def _try_again(error: Exception) -> JSONResponse:
    get_logger().warning("database.busy", exc_info=error)
    detail = "The database could not do this now. Try again"
    return problem_response(503, "database_busy", "Not available now", detail, retry_after=1)
