"""Logs are JSON lines on standard output: one event a line, with the service, the organisation and a correlation id."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

import structlog

correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")

SECRET_WORDS = ("secret", "password", "passwd", "token", "authorization", "cookie", "comm_key", "template")


def _add_correlation(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if identifier := correlation_id.get():
        event["correlation_id"] = identifier
    return event


def _mask_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in event:
        if any(word in key.lower() for word in SECRET_WORDS):
            event[key] = "[masked]"
    return event


def configure(service: str, *, organisation: str | None = None, level: str = "INFO") -> None:
    """Send structlog and the standard library's logging to standard output as JSON lines."""
    facts = {"service": service, **({"organisation": organisation} if organisation else {})}

    def add_facts(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        # Not context variables: threads, such as a worker's, would not see them.
        return {**facts, **event}

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            add_facts,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _add_correlation,
            _mask_secrets,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.clear_contextvars()
    root = logging.getLogger()
    root.handlers[:] = [_ToStructlog()]
    root.setLevel(level)
    for noisy in ("uvicorn.access", "httpx", "httpcore", "hvac"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class _ToStructlog(logging.Handler):
    """Hands records of libraries to structlog, so that one format leaves the process."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger()
        logger.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info or None)


def get_logger() -> structlog.typing.FilteringBoundLogger:
    """A logger whose calls read ``log.info("event.name", key=value)``."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger
