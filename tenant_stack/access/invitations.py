"""Invitations' links: made here, mailed by the worker.

The database holds a digest of a link's secret, and until the mail has left, its ciphertext for this user.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from foundation.clock import utc_now
from tenant_stack.access.models import User
from tenant_stack.access.sealing import Seals

SEALED_AS = "invitation"
DAYS = 7


def invitation_url(public_url: str, secret: str) -> str:
    """The link; its host is the configured one, whatever a request said."""
    return f"{public_url}/auth/login?invitation={secret}"


async def new_invitation(user: User, seals: Seals) -> str:
    """A fresh secret for a user's link, to be mailed by the worker; the one before is void."""
    secret = secrets.token_urlsafe(32)
    user.invitation_hash = hashlib.sha256(secret.encode()).hexdigest()
    user.invitation_expires_at = utc_now() + timedelta(days=DAYS)
    user.invitation_sealed = await seals.seal(SEALED_AS, user.id, secret)
    user.invitation_mail = "pending"
    return secret
