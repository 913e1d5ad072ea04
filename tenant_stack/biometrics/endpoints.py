"""Templates, consent and remote captures by API. No response holds a template."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.database import after_commit
from foundation.pagination import Page
from foundation.sign_in.principal import Principal, RecentLogin, Requires
from foundation.valkey import Valkey
from tenant_stack.access.dependencies import Paging, RecentSettingsEditor, SettingsReader, Transaction, Worker
from tenant_stack.access.scope import refuse_limited
from tenant_stack.biometrics import captures, consent, maintenance, service
from tenant_stack.biometrics.capture_events import publish_captures
from tenant_stack.biometrics.erasure import erase_templates
from tenant_stack.biometrics.schemas import (
    AccessView,
    BiometricList,
    BiometricSettings,
    BiometricView,
    ConsentIn,
    ConsentList,
    ConsentTextIn,
    ConsentTextView,
    ConsentView,
    EnrolmentView,
    EraseAnswer,
    KeyView,
    QuarantinedView,
    TemplateIn,
)
from tenant_stack.biometrics.template_encryption import TemplateCipher
from tenant_stack.people.staff.service import get_staff
from tenant_stack.tables.base import audited
from tenant_stack.tables.biometrics import BiometricTemplate

Creator = Annotated[Principal, Depends(Requires("biometrics:create"))]
Reader = Annotated[Principal, Depends(Requires("biometrics:read"))]
Editor = Annotated[Principal, Depends(Requires("biometrics:update"))]
# Irreversible actions need a recent sign-in.
KeyEditor = Annotated[Principal, Depends(RecentLogin("biometrics:update"))]
Remover = Annotated[Principal, Depends(RecentLogin("biometrics:delete", machines=True))]


def _cipher(request: Request) -> TemplateCipher:
    cipher: TemplateCipher = request.app.state.template_cipher
    return cipher


Key = Annotated[TemplateCipher, Depends(_cipher)]


def biometrics_router() -> APIRouter:
    router = APIRouter(prefix="/api", tags=["biometrics"])
    person = "/staff/{staff_id}"
    router.add_api_route(f"{person}/biometrics", list_biometrics, methods=["GET"])
    router.add_api_route(f"{person}/biometrics", create_biometric, methods=["POST"], status_code=201)
    router.add_api_route(f"{person}/biometrics", erase_biometrics, methods=["DELETE"])
    router.add_api_route(f"{person}/biometrics/{{template_id}}", erase_biometric, methods=["DELETE"])
    router.add_api_route(f"{person}/consents", list_consents, methods=["GET"])
    router.add_api_route(f"{person}/consents", record_consent, methods=["POST"], status_code=201)
    router.add_api_route(f"{person}/consents/withdraw", withdraw_consent, methods=["POST"])
    router.add_api_route("/consent-texts", list_consent_texts, methods=["GET"])
    router.add_api_route("/consent-texts", create_consent_text, methods=["POST"], status_code=201)
    router.add_api_route("/biometrics/access", list_biometric_access, methods=["GET"])
    router.add_api_route("/biometrics/quarantine", list_quarantined_biometrics, methods=["GET"])
    router.add_api_route("/biometrics/key", read_biometric_key, methods=["GET"])
    router.add_api_route("/biometrics/key/rotate", rotate_biometric_key, methods=["POST"], status_code=202)
    router.add_api_route("/biometrics/settings", read_biometric_settings, methods=["GET"])
    router.add_api_route("/biometrics/settings", change_biometric_settings, methods=["PUT"])
    router.add_api_route("/enrolments", list_enrolments, methods=["GET"])
    router.add_api_route("/enrolments/{enrolment_id}", read_enrolment, methods=["GET"])
    router.add_api_route("/enrolments/{enrolment_id}/cancel", cancel_enrolment, methods=["POST"])
    return router


def _refresh_terminals(session: AsyncSession, hints: Worker) -> None:
    after_commit(session, hints.refresh_terminals)


async def list_biometrics(staff_id: UUID, caller: Reader, session: Transaction) -> BiometricList:
    """What is known of a person's templates, and on which clocks they are."""
    return BiometricList(items=await service.list_templates(session, staff_id))


async def create_biometric(
    staff_id: UUID, entered: TemplateIn, caller: Creator, session: Transaction, key: Key, hints: Worker
) -> BiometricView:
    """Keep a template from elsewhere, encrypted; 409 ``consent_missing`` when the person has not agreed."""
    _refresh_terminals(session, hints)
    return await service.create_template(session, key, caller.actor, staff_id, entered)


async def erase_biometrics(staff_id: UUID, caller: Remover, session: Transaction, hints: Worker) -> EraseAnswer:
    """Erase all templates of a person, here at once and on the clocks as they confirm."""
    await get_staff(session, staff_id)
    _refresh_terminals(session, hints)
    count = await erase_templates(session, caller.actor, BiometricTemplate.staff_id == staff_id, "asked for")
    return EraseAnswer(erased=count)


async def erase_biometric(
    staff_id: UUID, template_id: UUID, caller: Remover, session: Transaction, hints: Worker
) -> EraseAnswer:
    """Erase one template, here at once and on the clocks as they confirm."""
    await get_staff(session, staff_id)
    _refresh_terminals(session, hints)
    which = (BiometricTemplate.staff_id == staff_id) & (BiometricTemplate.id == template_id)
    return EraseAnswer(erased=await erase_templates(session, caller.actor, which, "asked for"))


async def list_consents(staff_id: UUID, caller: Reader, session: Transaction) -> ConsentList:
    """What a person agreed to, and when they took it back."""
    return ConsentList(items=await consent.list_consents(session, staff_id))


async def record_consent(
    staff_id: UUID, entered: ConsentIn, caller: Creator, session: Transaction, hints: Worker
) -> ConsentView:
    """A person has agreed; what their clocks had sent unasked becomes usable."""
    _refresh_terminals(session, hints)
    return await consent.record_consent(session, caller.actor, staff_id, entered)


async def withdraw_consent(staff_id: UUID, caller: Remover, session: Transaction, hints: Worker) -> EraseAnswer:
    """Consent is taken back: templates are erased here and on the clocks; card and PIN stay."""
    _refresh_terminals(session, hints)
    return EraseAnswer(erased=await consent.withdraw_consent(session, caller.actor, staff_id))


async def list_consent_texts(caller: Reader, session: Transaction, page: Paging) -> Page[ConsentTextView]:
    """Versions of the consent text, the newest first."""
    return await consent.list_texts(session, page)


async def create_consent_text(entered: ConsentTextIn, caller: Editor, session: Transaction) -> ConsentTextView:
    """The next version of the text."""
    return await consent.create_text(session, caller.actor, entered)


async def list_biometric_access(
    caller: Reader,
    session: Transaction,
    page: Paging,
    staff_id: UUID | None = None,
    template_id: UUID | None = None,
    purpose: Annotated[str | None, Query(max_length=24)] = None,
) -> Page[AccessView]:
    """Every access to a template with its purpose, the newest first."""
    return await service.list_access(session, page, staff_id=staff_id, template_id=template_id, purpose=purpose)


async def list_quarantined_biometrics(caller: Reader, session: Transaction, page: Paging) -> Page[QuarantinedView]:
    """Templates that came unasked, and when they go."""
    return await service.list_quarantined(session, page)


async def read_biometric_key(caller: Reader, session: Transaction, key: Key) -> KeyView:
    """The organisation's template key: versions, what waits to be renewed, what is unreadable."""
    return await maintenance.read_key(session, key)


async def rotate_biometric_key(caller: KeyEditor, session: Transaction, key: Key) -> KeyView:
    """Make a new version of the key now; templates are renewed in the background while they stay in use."""
    refuse_limited(caller)
    audited(session, caller.actor, "template_key.rotate", "key", "templates")
    await key.rotate()
    return await maintenance.read_key(session, key)


async def read_biometric_settings(caller: SettingsReader, session: Transaction) -> BiometricSettings:
    """How long templates and key versions are kept, in days."""
    return await service.read_settings(session)


async def change_biometric_settings(
    entered: BiometricSettings, caller: RecentSettingsEditor, session: Transaction
) -> BiometricSettings:
    """Replace the periods."""
    return await service.change_settings(session, caller.actor, entered)


async def list_enrolments(
    caller: Reader, session: Transaction, page: Paging, staff_id: UUID | None = None
) -> Page[EnrolmentView]:
    """Remote captures, newest first."""
    return await captures.list_captures(session, page, staff_id=staff_id)


async def read_enrolment(enrolment_id: UUID, caller: Reader, session: Transaction) -> EnrolmentView:
    """One remote capture with its steps."""
    return await captures.read_capture(session, enrolment_id)


async def cancel_enrolment(
    enrolment_id: UUID, request: Request, caller: Creator, session: Transaction, hints: Worker
) -> EnrolmentView:
    """Cancel a remote capture; 409 when it is over already."""
    valkey: Valkey = request.app.state.valkey
    await captures.cancel_capture(session, caller.actor, enrolment_id)

    async def notify() -> None:
        await publish_captures(valkey, [enrolment_id])
        await hints.cancel_capture(str(enrolment_id))

    after_commit(session, notify)
    return await captures.read_capture(session, enrolment_id)
