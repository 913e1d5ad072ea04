"""Errors in plain words: what a step's failure means, for the person who reads it and for when to try again."""

from __future__ import annotations

import random
from dataclasses import dataclass

import asyncpg
import httpx
import hvac.exceptions
import redis.exceptions

from control_plane.phase import StepState
from control_plane.ports.driver import DriverError
from control_plane.provisioning.step import StepBlocked, StepRetry
from foundation.errors import Problem, Unavailable

BLOCKED_SECONDS = 1800.0
FIRST_BACKOFF_SECONDS = 2.0
MAX_BACKOFF_SECONDS = 300.0


@dataclass(frozen=True)
class Failure:
    """Why a step is not satisfied. ``delay`` is None where the usual backoff applies."""

    state: StepState
    message: str
    advice: str | None = None
    delay: float | None = None


def backoff(attempts: int) -> float:
    """Seconds to wait after so many attempts: between 2 s and a ceiling that doubles up to 5 min (full jitter)."""
    ceiling = min(MAX_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** min(max(attempts, 1), 20))
    return random.uniform(FIRST_BACKOFF_SECONDS, ceiling)


class StepOverran(Exception):
    """A step used up its time."""


def explain(error: BaseException) -> Failure:
    """What an error of a step means."""
    if isinstance(error, StepRetry):
        return Failure(StepState.PENDING, error.reason, delay=error.delay)
    if isinstance(error, StepBlocked):
        return Failure(StepState.FAILED, error.reason, error.advice, BLOCKED_SECONDS)
    unreachable = _unreachable(error)
    if unreachable:
        return Failure(StepState.UNKNOWN, unreachable)
    if isinstance(error, StepOverran):
        return Failure(StepState.FAILED, str(error))
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return Failure(
            StepState.FAILED,
            f"PostgreSQL refuses the administrator's role: {error}",
            "Give the role of `admin_database_url` CREATEROLE and CREATEDB",
            BLOCKED_SECONDS,
        )
    if isinstance(error, hvac.exceptions.Forbidden):
        return Failure(
            StepState.FAILED,
            "OpenBao refuses the control plane's role",
            "Compare the policy of its AppRole with the one in the installation guide",
            BLOCKED_SECONDS,
        )
    if isinstance(error, Problem):
        return Failure(StepState.FAILED, error.detail)
    return Failure(StepState.FAILED, f"{type(error).__name__}: {str(error) or 'no further word'}"[:1000])


def _unreachable(error: BaseException) -> str | None:
    if isinstance(error, DriverError | Unavailable):
        return str(error)
    if isinstance(error, redis.exceptions.ConnectionError | redis.exceptions.TimeoutError):
        return "Valkey does not answer"
    if isinstance(error, httpx.TransportError):
        return "A service does not answer over HTTP"
    away = (asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError)
    if isinstance(error, TimeoutError):
        return "A server does not answer in time"
    if isinstance(error, (*away, OSError)):
        return "PostgreSQL does not answer"
    return None
