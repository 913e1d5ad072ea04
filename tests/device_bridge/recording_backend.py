"""A small back end with behaviour: it keeps the contract, removes duplicates, refuses strangers, and can be down."""

from __future__ import annotations

from collections import defaultdict
from typing import Literal

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from foundation.contracts.bridge import (
    BatchResult,
    BatchSource,
    Command,
    CommandBatch,
    CommandLease,
    CommandResult,
    CommandResults,
    Contact,
    DeviceDecision,
    DeviceUser,
    EnrolmentStep,
    Punch,
    PunchBatch,
    RejectedLine,
    Template,
    TemplateBatch,
    TemplateDemand,
    TemplateReport,
    Terminal,
    TerminalList,
    TerminalReport,
    UserBatch,
    WantedTemplates,
)

TOKEN = "bridge-token-of-the-tests"
Key = tuple[str, str, str, int]


class RecordingBackend:
    """``known`` serials are approved, others hear 403; ``down`` makes every answer 503 and stores nothing.

    So many ``lost_answers`` to punches are lost after their commit, as when somebody dies at that moment.
    """

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.down = False
        self.lost_answers = 0
        self.offset_minutes = 240
        self.poll_seconds = 1
        self.punches: dict[Key, Punch] = {}
        self.sources: list[BatchSource] = []
        self.batches: list[PunchBatch] = []
        self.rejected: list[RejectedLine] = []
        self.users: dict[str, dict[str, DeviceUser]] = defaultdict(dict)
        self.complete_lists: list[UserBatch] = []
        self.templates: dict[str, dict[tuple[str, str, int, int], Template]] = defaultdict(dict)
        self.template_batches: list[TemplateBatch] = []
        self.wanted: dict[str, WantedTemplates] = {}
        self.template_reports: list[TemplateReport] = []
        self.steps: list[EnrolmentStep] = []
        self.steps_fail = False
        self.contacts: list[Contact] = []
        self.leases: list[CommandLease] = []
        self.queue: dict[str, list[Command]] = defaultdict(list)
        self.results: list[CommandResult] = []
        self.terminals: list[Terminal] = []
        self.reports: list[TerminalReport] = []
        self._families: dict[str, str] = {}
        self.app = self._application()

    def stored(self, serial: str) -> int:
        """How many different punches of a clock are here."""
        return sum(1 for key in self.punches if key[0] == serial)

    def states(self, serial: str) -> list[str]:
        """The states reported for a pull clock, in order."""
        return [report.state.value for report in self.reports if report.serial == serial]

    def _family(self, contact: Contact) -> Literal["", "att", "acc"]:
        if contact.info.get("devicetype") in ("att", "acc"):
            self._families[contact.serial] = contact.info["devicetype"]
        return self._families.get(contact.serial, "")  # type: ignore[return-value]

    def _store(self, batch: PunchBatch) -> BatchResult:
        stored = duplicate = 0
        for punch in batch.punches:
            key = (batch.serial, punch.pin, punch.local_time, punch.status)
            if key in self.punches:
                duplicate += 1
            else:
                self.punches[key] = punch
                stored += 1
        self.rejected += batch.rejected
        self.batches.append(batch)
        self.sources.append(batch.source)
        count = len(batch.punches) + len(batch.rejected)
        return BatchResult(received=count, stored=stored, duplicate=duplicate, quarantined=len(batch.rejected))

    def _application(self) -> FastAPI:
        app = FastAPI()

        @app.middleware("http")
        async def gate(request: Request, call_next):  # type: ignore[no-untyped-def]
            if request.headers.get("authorization") != f"Bearer {TOKEN}":
                return JSONResponse({"code": "not_signed_in", "detail": "wrong token"}, status_code=401)
            if self.down:
                return JSONResponse({"code": "down", "detail": "maintenance"}, status_code=503)
            return await call_next(request)

        def refused(serial: str) -> JSONResponse | None:
            pulled = {terminal.serial for terminal in self.terminals}
            if serial in self.known or serial in pulled:
                return None
            return JSONResponse({"code": "device_unknown", "detail": "Nobody knows this clock"}, status_code=403)

        @app.post("/internal/bridge/contacts", response_model=None)
        async def contacts(contact: Contact) -> DeviceDecision | JSONResponse:
            self.contacts.append(contact)
            return refused(contact.serial) or DeviceDecision(
                serial=contact.serial,
                device_id="d1",
                zone="Asia/Dubai",
                utc_offset_minutes=self.offset_minutes,
                poll_seconds=self.poll_seconds,
                device_type=self._family(contact),
            )

        @app.post("/internal/bridge/punches", response_model=None)
        async def punches(batch: PunchBatch) -> BatchResult | JSONResponse:
            answer = refused(batch.serial) or self._store(batch)
            if self.lost_answers:
                self.lost_answers -= 1
                return JSONResponse({"code": "lost", "detail": "committed, but nobody heard it"}, status_code=500)
            return answer

        @app.post("/internal/bridge/users", response_model=None)
        async def users(batch: UserBatch) -> BatchResult | JSONResponse:
            if answer := refused(batch.serial):
                return answer
            if batch.complete:
                self.complete_lists.append(batch)
                self.users[batch.serial] = {}
            self.users[batch.serial] |= {user.pin: user for user in batch.users}
            self.rejected += batch.rejected
            count = len(batch.users) + len(batch.rejected)
            return BatchResult(received=count, stored=len(batch.users), duplicate=0, quarantined=len(batch.rejected))

        @app.post("/internal/bridge/templates", response_model=None)
        async def templates(batch: TemplateBatch) -> BatchResult | JSONResponse:
            if answer := refused(batch.serial):
                return answer
            self.template_batches.append(batch)
            for template in batch.templates:
                name = (template.pin, template.template_type.value, template.template_index, template.part)
                self.templates[batch.serial][name] = template
            self.rejected += batch.rejected
            count = len(batch.templates) + len(batch.rejected)
            return BatchResult(
                received=count, stored=len(batch.templates), duplicate=0, quarantined=len(batch.rejected)
            )

        @app.post("/internal/bridge/templates/wanted", response_model=None)
        async def wanted(demand: TemplateDemand) -> WantedTemplates | JSONResponse:
            found = self.wanted.get(demand.serial, WantedTemplates(templates=[]))
            return refused(demand.serial) or found.model_copy(update={"templates": found.templates[: demand.limit]})

        @app.post("/internal/bridge/templates/seen", response_model=None)
        async def templates_seen(report: TemplateReport) -> Response:
            self.template_reports.append(report)
            found = self.wanted.get(report.serial, WantedTemplates(templates=[]))
            stored_records = {*report.written, *report.refused}
            self.wanted[report.serial] = WantedTemplates(
                templates=[template for template in found.templates if template.id not in stored_records],
                remove=[name for name in found.remove if name not in report.removed],
            )
            return Response(status_code=204)

        @app.post("/internal/bridge/enrolments/step", response_model=None)
        async def step(taken: EnrolmentStep) -> Response:
            if self.steps_fail:
                return Response(status_code=500)
            self.steps.append(taken)
            return Response(status_code=204)

        @app.post("/internal/bridge/commands/lease", response_model=None)
        async def lease(asked: CommandLease) -> CommandBatch | JSONResponse:
            self.leases.append(asked)
            return refused(asked.serial) or CommandBatch(commands=self.queue[asked.serial])

        @app.post("/internal/bridge/commands/results", response_model=None)
        async def results(answer: CommandResults) -> Response:
            self.results += answer.results
            done = {result.id for result in answer.results}
            self.queue[answer.serial] = [item for item in self.queue[answer.serial] if item.id not in done]
            return Response(status_code=204)

        @app.get("/internal/bridge/terminals")
        async def terminals() -> TerminalList:
            return TerminalList(terminals=self.terminals)

        @app.post("/internal/bridge/terminals/seen", response_model=None)
        async def seen(report: TerminalReport) -> Response:
            self.reports.append(report)
            self.terminals = [
                terminal.model_copy(
                    update={
                        "users": [user for user in terminal.users if user.pin not in report.written_pins],
                        "remove_pins": [pin for pin in terminal.remove_pins if pin not in report.removed_pins],
                    }
                )
                if terminal.serial == report.serial
                else terminal
                for terminal in self.terminals
            ]
            return Response(status_code=204)

        return app
