"""The back end as the bridge sees it: typed calls of `foundation.contracts.bridge` over HTTP."""

from __future__ import annotations

from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from device_bridge.errors import BackendRefused, BackendUnavailable
from device_bridge.settings import BridgeSettings
from foundation.contracts.bridge import (
    BatchResult,
    CommandBatch,
    CommandLease,
    CommandResults,
    Contact,
    DeviceDecision,
    EnrolmentStep,
    PunchBatch,
    TemplateBatch,
    TemplateDemand,
    TemplateReport,
    TerminalList,
    TerminalReport,
    UserBatch,
    WantedTemplates,
)
from foundation.logs import correlation_id, get_logger
from foundation.outbound import service_client

Answer = TypeVar("Answer", bound=BaseModel)


class Backend:
    """One connection pool. Every call raises `BackendRefused` for 403 and `BackendUnavailable` for all other failures.

    That includes 401 and 422, which are faults of ours: a clock must keep its log until they are mended.
    """

    def __init__(self, settings: BridgeSettings) -> None:
        self._client = service_client(
            settings.backend_url,
            token=settings.bridge_token.get_secret_value(),
            timeout=settings.backend_timeout,
            ca_file=settings.ca_file,
        )

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def contact(self, contact: Contact) -> DeviceDecision:
        """A push clock made contact: may it, and what is it to be told?"""
        return await self._send("contacts", contact, DeviceDecision)

    async def punches(self, batch: PunchBatch) -> BatchResult:
        """Store punches; they are committed when this returns."""
        return await self._send("punches", batch, BatchResult)

    async def users(self, batch: UserBatch) -> BatchResult:
        """Tell who is on a clock."""
        return await self._send("users", batch, BatchResult)

    async def templates(self, batch: TemplateBatch) -> BatchResult:
        """Store templates that a clock reported; they are committed, encrypted, when this returns."""
        return await self._send("templates", batch, BatchResult)

    async def templates_wanted(self, demand: TemplateDemand) -> WantedTemplates:
        """The templates a pull clock still lacks, in clear, and those that must go from it."""
        return await self._send("templates/wanted", demand, WantedTemplates)

    async def templates_seen(self, report: TemplateReport) -> None:
        """Which templates a pull clock shows when read again, and which it did not take and why."""
        await self._exchange("POST", "templates/seen", report)

    async def capture_step(self, step: EnrolmentStep) -> None:
        """How far a capture has come."""
        await self._exchange("POST", "enrolments/step", step)

    async def lease(self, lease: CommandLease) -> CommandBatch:
        """The next commands for a push clock."""
        return await self._send("commands/lease", lease, CommandBatch)

    async def results(self, results: CommandResults) -> None:
        """What a push clock answered to commands."""
        await self._exchange("POST", "commands/results", results)

    async def terminals(self) -> TerminalList:
        """The pull clocks to talk to."""
        return _read(await self._exchange("GET", "terminals"), TerminalList)

    async def terminal_seen(self, report: TerminalReport) -> None:
        """What became of a contact with a pull clock."""
        await self._exchange("POST", "terminals/seen", report)

    async def _send(self, path: str, message: BaseModel, answer: type[Answer]) -> Answer:
        return _read(await self._exchange("POST", path, message), answer)

    async def _exchange(self, method: str, path: str, message: BaseModel | None = None) -> httpx.Response:
        headers = {"content-type": "application/json"}
        if identifier := correlation_id.get():
            headers["x-correlation-id"] = identifier
        content = message.model_dump_json().encode() if message is not None else None
        try:
            response = await self._client.request(method, f"/internal/bridge/{path}", content=content, headers=headers)
        except httpx.HTTPError as error:
            raise BackendUnavailable(f"The back end did not answer {path}: {type(error).__name__}") from error
        if response.status_code == 403:
            raise BackendRefused(*_problem_of(response))
        if not response.is_success:
            code, detail = _problem_of(response)
            get_logger().error("backend.failed", path=path, status=response.status_code, code=code, detail=detail)
            raise BackendUnavailable(f"The back end answered {path} with {response.status_code}")
        return response


def _read(response: httpx.Response, answer: type[Answer]) -> Answer:
    try:
        return answer.model_validate_json(response.content)
    except ValidationError:
        # Its text quotes what was answered, which may be a template: it goes no further.
        raise BackendUnavailable(f"The back end's answer is no {answer.__name__}") from None


def _problem_of(response: httpx.Response) -> tuple[str, str]:
    try:
        document = response.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        return "unknown", f"status {response.status_code}"
    return str(document.get("code", "unknown")), str(document.get("detail", ""))
