"""Emergency sign-in without the provider: one owner's name, password and one-time code (TOTP, RFC 6238).

Password hash and TOTP secret are encrypted by OpenBao, attempts are counted in Valkey: without either this sign-in is
refused like every other. The response and its time reveal nothing: every attempt does the same work, whether the name
exists or not.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import UUID

import argon2
import pyotp
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor, RefusalBudget
from foundation.clock import utc_now
from foundation.database import Database
from foundation.errors import Conflict, Forbidden, Invalid, NotFound, NotSignedIn, TooManyRequests
from foundation.sign_in.principal import Principal
from foundation.valkey import Valkey
from tenant_stack.access.break_glass_schemas import BreakGlassIn, BreakGlassSecrets, BreakGlassView
from tenant_stack.access.identities import count_holders
from tenant_stack.access.permissions import OWNER
from tenant_stack.sealing import Seals
from tenant_stack.tables.access import BreakGlass, User
from tenant_stack.tables.base import audited
from tenant_stack.views import view_of
from tenant_stack.webhook_events import announce

SEAL_KIND = "break-glass"
SESSION_MEANS = "break_glass"
SESSION_SECONDS = 3600
ATTEMPTS, WINDOW_SECONDS = 5, 900
STEP_SECONDS = 30
RECOVERY_CODES = 8
# 19 MiB, two passes: the smaller of the settings that RFC 9106 and OWASP find enough for one sign-in at a time.
HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# The hash of a discarded password, so that an attempt without an account takes as long as one with.
DUMMY_HASH = "$argon2id$v=19$m=19456,t=2,p=1$drdprYHvS6fSO7oLysyOBA$3h43XMFPk99guJ2fHXxbbhpP2a70/VGV0e1+cArWgHY"
ALERT = sa.text("""
INSERT INTO alerts (kind, device_id, severity, text) VALUES ('break_glass', NULL, 'critical', :text)
ON CONFLICT (kind, device_id) WHERE closed_at IS NULL
DO UPDATE SET last_at = now(), times = alerts.times + 1, text = excluded.text
RETURNING id
""")


@dataclass(frozen=True)
class _Credentials:
    """The encrypted content of a row."""

    password_hash: str
    totp_secret: str

    @property
    def text(self) -> str:
        return json.dumps([self.password_hash, self.totp_secret])


async def read_break_glass(session: AsyncSession) -> BreakGlassView:
    """Whether there is such an account, and whose; never a secret."""
    row = await session.get(BreakGlass, 1)
    if row is None:
        return BreakGlassView(state="none")
    user = await session.get(User, row.user_id)
    return view_of(
        BreakGlassView,
        row,
        state="ready" if row.confirmed_at else "unconfirmed",
        email=user.email if user else None,
        recovery_codes_left=len(row.recovery),
    )


async def set_up(
    session: AsyncSession, caller: Principal, entered: BreakGlassIn, seals: Seals, public_url: str
) -> BreakGlassSecrets:
    """Replace the break-glass account by one of the caller's, an owner. It is unusable until it is confirmed."""
    user_id = UUID(caller.id)
    if not await _is_owner(session, user_id):
        raise Forbidden("owner_only", "Only an owner may have the break-glass account")
    password = entered.password.get_secret_value()
    if entered.name.casefold() in password.casefold():
        raise Invalid("password_weak", "The password must not contain the name", field="password")
    totp_secret, codes = pyotp.random_base32(), [secrets.token_hex(10) for _ in range(RECOVERY_CODES)]
    credentials = _Credentials(await asyncio.to_thread(HASHER.hash, password), totp_secret)
    sealed = await seals.seal(SEAL_KIND, user_id, credentials.text)
    before = await session.get(BreakGlass, 1, with_for_update=True)
    if before is not None:
        await session.delete(before)
        await session.flush()
    session.add(
        BreakGlass(id=1, user_id=user_id, name=entered.name, sealed=sealed, recovery=[_digest(each) for each in codes])
    )
    audited(session, caller.actor, "break_glass.set", "user", user_id, after={"name": entered.name})
    host = urlsplit(public_url).hostname or "Punctual"
    uri = pyotp.TOTP(totp_secret).provisioning_uri(name=entered.name, issuer_name=f"Punctual {host}")
    return BreakGlassSecrets(totp_secret=totp_secret, totp_uri=uri, recovery_codes=codes)


async def confirm(session: AsyncSession, caller: Principal, code: str, seals: Seals) -> None:
    """Confirm the account by a code of the owner's authenticator; from now on it can be used."""
    row = await session.get(BreakGlass, 1, with_for_update=True)
    if row is None or str(row.user_id) != caller.id:
        raise NotFound("break_glass_missing", "Set the break-glass account up first")
    if row.confirmed_at is not None:
        raise Conflict("break_glass_ready", "The break-glass account is confirmed already")
    credentials = _Credentials(*json.loads(await seals.open(SEAL_KIND, row.user_id, row.sealed)))
    step = _match_totp(credentials.totp_secret, code, row.last_step)
    if step is None:
        raise Invalid(
            "code_wrong", "This is not the code of this moment; check the clock of the telephone", field="code"
        )
    row.confirmed_at, row.last_step = utc_now(), step
    audited(session, caller.actor, "break_glass.confirm", "user", row.user_id)


async def remove(session: AsyncSession, caller: Principal) -> None:
    """Remove the break-glass account. Only an owner may do it."""
    if not await _is_owner(session, UUID(caller.id)):
        raise Forbidden("owner_only", "Only an owner may remove the break-glass account")
    row = await session.get(BreakGlass, 1, with_for_update=True)
    if row is None:
        raise NotFound("break_glass_missing", "There is no break-glass account")
    await session.delete(row)
    audited(session, caller.actor, "break_glass.remove", "user", row.user_id, before={"name": row.name})


@dataclass(frozen=True)
class BreakGlassAuthenticator:
    """`app.state.break_glass`: signs the owner in who presents name, password and code."""

    database: Database
    valkey: Valkey
    seals: Seals
    refusals: RefusalBudget = field(default_factory=RefusalBudget)

    async def authenticate(self, name: str, password: str, code: str, address: str) -> str:
        """The user's id. `NotSignedIn` with the same words whatever was wrong; `TooManyRequests` after five attempts in
        fifteen minutes for this name or from this address; `Unavailable` without OpenBao or Valkey.
        """
        await self._count_attempt(name, address)
        user_id = await self._check(name, password, code)
        actor = Actor("user", str(user_id), f"{name[:80]} (break-glass)", address)
        if user_id is None:
            await self._refuse(name, address)
            raise NotSignedIn("break_glass_refused", "Name, password or code is wrong")
        async with self.database.transaction() as session:
            text = f"The break-glass account was used from {address}. If it was not the owner, end all sessions"
            alert_id = await session.scalar(ALERT, {"text": text})
            facts = {"id": str(alert_id), "kind": "break_glass", "severity": "critical", "text": text}
            announce(session, "alert.opened", {**facts, "device_id": None})
            audited(session, actor, "break_glass.sign_in", "user", user_id)
        return str(user_id)

    async def _count_attempt(self, name: str, address: str) -> None:
        """Counted before anything is checked, so that parallel attempts are limited too."""
        for kind, value in (("address", address), ("name", name.casefold())):
            tries = await self.valkey.count("break-glass", kind, _digest(value), seconds=WINDOW_SECONDS)
            if tries > ATTEMPTS:
                raise TooManyRequests(
                    "too_many_tries", "Too many tries; wait a quarter of an hour", retry_after=WINDOW_SECONDS
                )

    async def _check(self, name: str, password: str, code: str) -> UUID | None:
        async with self.database.transaction() as session:
            row = await session.get(BreakGlass, 1)
            owner = row is not None and await _is_owner(session, row.user_id)
        credentials = _Credentials(DUMMY_HASH, "A" * 32)
        if row is None:
            await self.seals.seal(SEAL_KIND, UUID(int=0), credentials.text)  # OpenBao is asked in any case
        else:
            credentials = _Credentials(*json.loads(await self.seals.open(SEAL_KIND, row.user_id, row.sealed)))
        password_fits = await asyncio.to_thread(_verify_password, credentials.password_hash, password)
        step = _match_totp(credentials.totp_secret, code, row.last_step if row else 0)
        recovery = _match_recovery_code(row.recovery if row else [], code)
        name_fits = row is not None and hmac.compare_digest(row.name.casefold().encode(), name.casefold().encode())
        if row is None or row.confirmed_at is None or not (name_fits and password_fits and owner):
            return None
        async with self.database.transaction() as session:
            return row.user_id if await _consume_code(session, row.sealed, step, recovery) else None

    async def _refuse(self, name: str, address: str) -> None:
        if not self.refusals.allows(address):
            return
        actor = Actor("system", "break-glass", "Somebody who is not signed in", address)
        async with self.database.transaction() as session:
            audited(session, actor, "break_glass.refused", "break_glass", name[:80])


async def _consume_code(session: AsyncSession, sealed: str, step: int | None, recovery: str | None) -> bool:
    """Spend the code in one statement: of two callers with the same code, one signs in."""
    # The same secret as was checked: it was not set up anew meanwhile.
    update = sa.update(BreakGlass).where(BreakGlass.id == 1, BreakGlass.sealed == sealed)
    if step is not None:
        update = update.where(BreakGlass.last_step < step).values(last_step=step, last_used_at=sa.func.now())
    elif recovery is not None:
        left = BreakGlass.recovery.op("-")(sa.cast(recovery, sa.Text))
        update = update.where(BreakGlass.recovery.has_key(recovery)).values(recovery=left, last_used_at=sa.func.now())
    else:
        return False
    return await session.scalar(update.returning(BreakGlass.id)) is not None


async def _is_owner(session: AsyncSession, user_id: UUID) -> bool:
    return await count_holders(session, {OWNER}, User.id == user_id) > 0


def _verify_password(password_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(password_hash, password)
    except argon2.exceptions.VerifyMismatchError:
        return False


def _match_totp(totp_secret: str, code: str, last_step: int) -> int | None:
    """The time step whose code this is, now or one step off (clocks differ); None if used or wrong."""
    now, totp, found = int(time.time()) // STEP_SECONDS, pyotp.TOTP(totp_secret), None
    for step in (now - 1, now, now + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.strip().encode()) and step > last_step:
            found = step
    return found


def _match_recovery_code(digests: list[str], code: str) -> str | None:
    offered = _digest(code.strip().lower())
    return next((each for each in digests if hmac.compare_digest(each, offered)), None)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
