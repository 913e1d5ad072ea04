"""``POST /api/staff/{id}/enroll``."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request

from foundation.database import after_commit
from foundation.errors import Forbidden, Invalid
from tenant_stack.access.dependencies import StaffEnroller, Transaction, Worker
from tenant_stack.biometrics import captures
from tenant_stack.biometrics.capture_events import publish_captures
from tenant_stack.biometrics.enrollment_schemas import EnrollAnswer, EnrollIn
from tenant_stack.people.groups.manual_enrollment import enroll
from tenant_stack.people.staff import service


def enrollment_router() -> APIRouter:
    router = APIRouter(prefix="/api/staff", tags=["staff"])
    router.add_api_route("/{staff_id}/enroll", enroll_staff, methods=["POST"], status_code=202)
    return router


async def enroll_staff(
    staff_id: UUID, wanted: EnrollIn, request: Request, caller: StaffEnroller, session: Transaction, hints: Worker
) -> EnrollAnswer:
    """Enroll a person on clocks, and capture a finger at one of them if requested; each step is reported live."""
    if not wanted.device_ids and wanted.biometric is None:
        raise Invalid("clock_missing", "Choose at least one clock", field="device_ids")
    pull = False
    if wanted.device_ids:
        pull = await enroll(session, caller.actor, staff_id, wanted.device_ids, wanted.pin)
    capture = None
    if wanted.biometric is not None:
        if not caller.may("biometrics:create"):
            raise Forbidden("not_allowed", "Taking biometric data needs the permission biometrics:create")
        capture = await captures.start_capture(session, caller.actor, staff_id, wanted.biometric)
        after_commit(session, lambda: publish_captures(request.app.state.valkey, [capture.id]))
    if pull or capture:
        after_commit(session, hints.refresh_terminals)
    after_commit(session, hints.drain)
    return EnrollAnswer(
        enrollments=await service.read_enrollments(session, staff_id),
        enrolment=await captures.read_capture(session, capture.id) if capture else None,
    )
