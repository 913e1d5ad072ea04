"""Invitation links: created here, mailed by the worker.

The database holds a digest of a link's secret and, until the mail was sent, its ciphertext.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import smtplib
from datetime import timedelta
from uuid import uuid4

import sqlalchemy as sa

from foundation.audit import SYSTEM
from foundation.clock import utc_now, zone
from foundation.database import Database
from foundation.logs import get_logger
from foundation.mail import NoMail, compose, send
from foundation.vault import Vault
from tenant_stack.sealing import Seals
from tenant_stack.settings import TenantSettings
from tenant_stack.tables.access import User
from tenant_stack.tables.base import audited

SEALED_AS = "invitation"
DAYS = 7


def invitation_url(public_url: str, secret: str) -> str:
    """The link; its host is the configured one, never that of a request."""
    return f"{public_url}/auth/login?invitation={secret}"


async def new_invitation(user: User, seals: Seals) -> str:
    """A new secret for a user's link, to be mailed by the worker; the previous one becomes invalid."""
    secret = secrets.token_urlsafe(32)
    user.invitation_hash = hashlib.sha256(secret.encode()).hexdigest()
    user.invitation_expires_at = utc_now() + timedelta(days=DAYS)
    user.invitation_sealed = await seals.seal(SEALED_AS, user.id, secret)
    user.invitation_mail = "pending"
    return secret


async def mail_invitations(database: Database, settings: TenantSettings, vault: Vault) -> int:
    """Mail the waiting links; returns how many were sent.

    The row is set to ``sending`` before the server is contacted, so a worker that dies in between never mails twice:
    such a row stays as it is until somebody invites again. A refusal by the server is not retried either.
    """
    seals, sent = Seals(vault, settings.backups_key), 0
    while True:
        async with database.transaction() as session:
            user = await session.scalar(
                sa.select(User)
                .where(User.invitation_mail == "pending", User.invitation_sealed.is_not(None))
                .order_by(User.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            if user is None:
                return sent
            secret = await seals.open(SEALED_AS, user.id, str(user.invitation_sealed))
            user.invitation_mail, user.invitation_sealed = "sending", None
        state = await _mail(settings, user, secret)
        sent += state == "sent"
        async with database.transaction() as session:
            # Only if nobody invited again meanwhile.
            same = sa.and_(User.id == user.id, User.invitation_mail == "sending")
            await session.execute(sa.update(User).where(same).values(invitation_mail=state))
            after: dict[str, object] = {"email": user.email}
            audited(session, SYSTEM, f"user.invitation_{state}", "user", user.id, after=after)


async def _mail(settings: TenantSettings, user: User, secret: str) -> str:
    assert user.invitation_expires_at is not None
    until = user.invitation_expires_at.astimezone(zone(settings.zone))
    message = compose(
        sender=settings.mail_sender,
        recipients=[user.email],
        subject=f"Sign in at {settings.organisation_name}",
        text="\n".join(
            [
                f"{settings.organisation_name} invites you to its attendance portal.",
                "",
                "Open this link and sign in:",
                invitation_url(settings.public_url, secret),
                "",
                f"It works once, for {user.email}, until {until:%Y-%m-%d %H:%M} ({settings.zone}).",
                "If you do not know what this is about, ignore this message: nothing happens without the link.",
            ]
        ),
        message_id=str(uuid4()),
        attachment=None,
    )
    smtp_url = settings.smtp_url.get_secret_value() if settings.smtp_url else None
    try:
        await asyncio.to_thread(send, message, smtp_url=smtp_url, folder=settings.mail_dir)
    except NoMail:
        return "failed"
    except (smtplib.SMTPException, OSError):
        get_logger().warning("invitation.mail_failed", user=str(user.id), exc_info=True)
        return "failed"
    return "sent"
