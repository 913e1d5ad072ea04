"""The organisation's own sign-in connection: a draft is tested in the administrator's browser, then activated.

The active connection stays in use until then, and the one before it can be restored. The result of a test belongs to
exactly one draft: a change creates a new row.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.clock import utc_now
from foundation.errors import Conflict, Invalid, NotFound
from foundation.sign_in.openid import Identity
from foundation.sign_in.principal import Principal
from tenant_stack.access.connection_schemas import (
    ConnectionIn,
    ConnectionView,
    LayerReport,
    PlatformConnection,
    SignInSettings,
)
from tenant_stack.access.grants import check_owner_role, check_permissions
from tenant_stack.access.identities import (
    active_connection,
    count_holders,
    current_issuer,
    known_at,
    link,
    lock_accounts,
    mapped_roles,
    roles_of,
)
from tenant_stack.access.invitations import new_invitation
from tenant_stack.access.permissions import OWNER
from tenant_stack.access.provider_addresses import read_issuer
from tenant_stack.access.roles import permissions_of
from tenant_stack.sealing import Seals
from tenant_stack.tables.access import OwnConnection, Role, SignInConnectionRow, User
from tenant_stack.tables.base import audited
from tenant_stack.views import view_of

SECRET = "client_secret"
TEST_VALID = timedelta(hours=1)
ADMIN_ROLES = {OWNER, "administrator"}


async def read_settings(session: AsyncSession, public_url: str) -> SignInSettings:
    """The active connection, the draft and the former connection."""
    await session.flush()
    rows = {row.state: row for row in await session.scalars(sa.select(OwnConnection))}
    platform = await session.get(SignInConnectionRow, 1)
    return SignInSettings(
        active=_view(rows.get("active")),
        draft=_view(rows.get("draft")),
        former=_view(rows.get("former")),
        platform=PlatformConnection(issuer=platform.issuer, display_name=platform.display_name) if platform else None,
        can_roll_back="former" in rows or ("active" in rows and platform is not None),
        redirect_uri=f"{public_url}/auth/callback",
    )


def _view(row: OwnConnection | None) -> ConnectionView | None:
    return None if row is None else view_of(ConnectionView, row)


async def save_draft(
    session: AsyncSession, caller: Principal, entered: ConnectionIn, seals: Seals, *, loopback: bool
) -> None:
    """Replace the draft. The active connection is not changed."""
    read_issuer(entered.issuer, loopback=loopback)
    if entered.group_roles and not entered.group_claim:
        raise Invalid("group_claim_missing", "Say which claim names a person's groups", field="group_claim")
    await _check_group_roles(session, caller, entered.group_roles.values())
    rows = {row.state: row for row in await session.scalars(sa.select(OwnConnection).with_for_update())}
    secret = await _secret(entered, rows, seals)
    if "draft" in rows:
        await session.delete(rows["draft"])
        await session.flush()
    draft = OwnConnection(
        state="draft",
        sealed_secret="",
        **entered.model_dump(exclude={"client_secret", "display_name", "allowed_domains"}),
        display_name=entered.display_name or "Sign in",
        allowed_domains=sorted(set(entered.allowed_domains)),
    )
    session.add(draft)
    await session.flush()
    draft.sealed_secret = await seals.seal(SECRET, draft.id, secret)
    before = _audit_fields(rows["draft"]) if "draft" in rows else None
    audited(
        session,
        caller.actor,
        "sign_in.draft",
        "sign_in_connection",
        draft.id,
        before=before,
        after=_audit_fields(draft),
    )


async def _secret(entered: ConnectionIn, rows: dict[str, OwnConnection], seals: Seals) -> str:
    """The secret entered, or the stored one of the same client: a stored secret is never sent to another provider."""
    if entered.client_secret is not None:
        return entered.client_secret.get_secret_value()
    for state in ("draft", "active", "former"):
        row = rows.get(state)
        if row is not None and (row.issuer, row.client_id) == (entered.issuer, entered.client_id):
            return await seals.open(SECRET, row.id, row.sealed_secret)
    raise Invalid("secret_missing", "Enter the client's secret", field="client_secret")


async def _check_group_roles(session: AsyncSession, caller: Principal, wanted: Collection[str]) -> None:
    """A mapping grants roles, so the caller must be allowed to grant them directly."""
    names = set(wanted)
    known = set(await session.scalars(sa.select(Role.name).where(Role.name.in_(names))))
    if unknown := sorted(names - known):
        raise Invalid("unknown_role", f"There is no role {unknown[0]}", field="group_roles")
    check_owner_role(await roles_of(session, UUID(caller.id)), [], names)
    check_permissions(caller.permissions, await permissions_of(session, sorted(names)))


async def discard_draft(session: AsyncSession, caller: Principal) -> None:
    """Delete the draft; `NotFound` when there is none."""
    draft = await read_draft(session)
    await session.delete(draft)
    audited(session, caller.actor, "sign_in.discard", "sign_in_connection", draft.id, before=_audit_fields(draft))


async def read_draft(session: AsyncSession, draft_id: UUID | None = None) -> OwnConnection:
    """The draft, locked; with ``draft_id`` only that one. `NotFound` otherwise."""
    draft: OwnConnection | None = await session.scalar(
        sa.select(OwnConnection).where(OwnConnection.state == "draft").with_for_update()
    )
    if draft is None or (draft_id is not None and draft.id != draft_id):
        raise NotFound("draft_missing", "There is no such draft of a sign-in connection; save it first")
    return draft


async def check_tester(
    session: AsyncSession, draft: OwnConnection, user: User, identity: Identity
) -> list[LayerReport]:
    """What signing in as ``identity`` would mean for the tester once the draft is active."""
    refusal = domain_refusal(draft, identity)
    detail = refusal or f"{identity.email or 'No e-mail address'} may sign in"
    domain = LayerReport(name="domain", state="failed" if refusal else "passed", detail=detail)
    return [domain, *await _check_roles(session, draft, user, identity)]


def domain_refusal(connection: OwnConnection, identity: Identity) -> str | None:
    """Why this person's e-mail domain is refused, None when it is allowed."""
    domain = identity.email.rpartition("@")[2].lower()
    if not connection.allowed_domains or domain in connection.allowed_domains:
        return None
    return f"Addresses of {domain} are not let in here" if domain else "The sign-in provider gave no e-mail address"


async def _check_roles(
    session: AsyncSession, draft: OwnConnection, user: User, identity: Identity
) -> list[LayerReport]:
    by_hand = await roles_of(session, user.id, manual=True)
    if identity.groups is None:
        groups = LayerReport(
            name="groups", state="failed", detail="The provider keeps this person's groups out of the token"
        )
        mapped: set[str] = set()
    else:
        mapped = mapped_roles(draft.group_roles, identity.groups)
        seen = ", ".join(identity.groups[:20]) or "no groups"
        text = f"Groups: {seen}. Roles from them: {', '.join(sorted(mapped)) or 'none'}"
        groups = LayerReport(
            name="groups", state="passed", detail=text if draft.group_roles else "Groups are not looked at"
        )
    after = by_hand | mapped
    name = f"{identity.name} ({identity.email or identity.subject})"
    try:
        async with session.begin_nested() as attempt:
            await link(session, user, identity.issuer, identity.subject)
            await attempt.rollback()
        taken = ""
    except Conflict as conflict:
        taken = conflict.detail
    if taken or not after & ADMIN_ROLES:
        detail = taken or "Afterwards you would be neither owner nor administrator; somebody else has to make the test"
        return [groups, LayerReport(name="account", state="failed", detail=f"{name}: {detail}")]
    detail = f"You signed in as {name}, and stay {' and '.join(sorted(after & ADMIN_ROLES))}"
    return [groups, LayerReport(name="account", state="passed", detail=detail)]


async def activate(session: AsyncSession, caller: Principal, seals: Seals) -> int:
    """Activate the tested draft; returns how many users are mailed a link to join it.

    `Conflict` when the test is missing or old, or its tester would no longer be an administrator.
    """
    await lock_accounts(session)
    draft = await read_draft(session)
    if draft.tested_at is None or draft.tested_subject is None:
        raise Conflict("draft_untested", "Test the connection first: nobody could say whether anybody gets in")
    if utc_now() - draft.tested_at > TEST_VALID:
        raise Conflict("test_old", "The test is older than an hour; make it again")
    tester = await session.get(User, draft.tested_by) if draft.tested_by else None
    if tester is None or not tester.active:
        raise Conflict("tester_gone", "Who made the test may not sign in any more; make it again")
    await _check_group_roles(session, caller, draft.group_roles.values())
    changed = await current_issuer(session) != draft.issuer
    before = await active_connection(session)
    former = await session.scalar(sa.select(OwnConnection).where(OwnConnection.state == "former"))
    if former is not None:
        await session.delete(former)
    if before is not None:
        before.state = "former"
    draft.state, draft.activated_at = "active", utc_now()
    await link(session, tester, draft.issuer, draft.tested_subject)
    if not await _has_administrator(session, draft.issuer):
        raise Conflict("nobody_rules", "Nobody who can sign in there would be owner or administrator")
    was: dict[str, object] = _audit_fields(before) if before else {"connection": "the platform's"}
    audited(
        session,
        caller.actor,
        "sign_in.activate",
        "sign_in_connection",
        draft.id,
        before=was,
        after=_audit_fields(draft),
    )
    return await _invite_others(session, caller.actor, draft.issuer, seals) if changed else 0


async def roll_back(session: AsyncSession, caller: Principal) -> None:
    """Activate the former connection; a second call undoes the first. `Conflict` when there is none."""
    await lock_accounts(session)
    rows = {row.state: row for row in await session.scalars(sa.select(OwnConnection).with_for_update())}
    active, former = rows.get("active"), rows.get("former")
    if former is None and (active is None or await session.get(SignInConnectionRow, 1) is None):
        raise Conflict("nothing_before", "There is no connection to go back to")
    if active is not None:
        active.state = "former"
    if former is not None:
        # Whoever restores the mapping must be allowed to grant its roles today.
        await _check_group_roles(session, caller, former.group_roles.values())
        former.state, former.activated_at = "active", utc_now()
    await session.flush()
    audited(
        session,
        caller.actor,
        "sign_in.roll_back",
        "sign_in_connection",
        former.id if former else "platform",
        before=_audit_fields(active) if active else {"connection": "the platform's"},
        after=_audit_fields(former) if former else {"connection": "the platform's"},
    )


async def _has_administrator(session: AsyncSession, issuer: str) -> bool:
    return await count_holders(session, ADMIN_ROLES, known_at(issuer)) > 0


async def _invite_others(session: AsyncSession, actor: Actor, issuer: str, seals: Seals) -> int:
    """Mail a link to everybody whom the new provider does not know; nobody is linked by e-mail address alone."""
    users = list(await session.scalars(sa.select(User).where(User.active, ~known_at(issuer))))
    for user in users:
        await new_invitation(user, seals)
        audited(session, actor, "user.invite", "user", user.id, after={"email": user.email, "because": "new provider"})
    await session.flush()
    return len(users)


def _audit_fields(row: OwnConnection) -> dict[str, object]:
    names = ("issuer", "client_id", "display_name", "allowed_domains", "group_claim", "group_roles")
    return {name: getattr(row, name) for name in names}
