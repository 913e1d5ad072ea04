"""The hash chain over the audit trail, which reveals an edit, a swap, a removal or a truncated tail.

Link *n* of the chain holds ``hash(n) = SHA-256(number, hash(n-1), canonical bytes of the line)`` and a seal: the
signature of number and hash by the organisation's signing key, which never leaves OpenBao. Whoever can write to the
database can recompute hashes, but not seals. A tail that is cut off together with its links is revealed by the anchors
that the control plane keeps (number and hash, every minute and on demand).

The worker chains lines within seconds of their commit, in the order in which it finds them (a transaction that began
earlier may commit later). Between commit and seal a line could be altered unnoticed: for the worker's period, or as
long as OpenBao does not answer. The number of waiting lines is reported.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC

import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.vault import Vault
from tenant_stack.tables.audit import AuditLink, AuditWaiting
from tenant_stack.tables.base import AuditEntry

BATCH = 200
CHAIN_LOCK = 7_203_412
GENESIS = bytes(32)
FIELDS = (
    *("id", "actor_kind", "actor_id", "actor_label", "address", "action", "target_kind", "target_id"),
    *("before", "after", "correlation_id"),
)


def canonical(entry: AuditEntry) -> bytes:
    """A line as bytes: JSON with sorted keys, without spaces, in ASCII, the instant in UTC."""
    document: dict[str, object] = {name: getattr(entry, name) for name in FIELDS}
    document["at"] = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def link_hash(number: int, previous: bytes, entry: AuditEntry) -> bytes:
    """The hash of a line at its position."""
    return hashlib.sha256(b"punctual-audit-1\0" + number.to_bytes(8, "big") + previous + canonical(entry)).digest()


def seal_message(organisation: str, number: int, digest: bytes) -> bytes:
    """The bytes that are signed. They never begin like a token, so that a seal cannot be used as one."""
    return f"punctual-audit-seal-1\n{organisation}\n{number}\n{digest.hex()}".encode()


@dataclass(frozen=True)
class ChainSigner:
    """Extends the chain; signs with the organisation's key."""

    vault: Vault
    key: str
    organisation: str

    async def extend(self, session: AsyncSession) -> int:
        """Chain at most a batch of waiting lines; returns how many, 0 while another worker does it."""
        if not await session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(CHAIN_LOCK))):
            return 0
        waiting = sa.select(AuditWaiting.entry_id).order_by(AuditWaiting.entry_id).limit(BATCH)
        ids = list(await session.scalars(waiting))
        if not ids:
            return 0
        entries = list(
            await session.scalars(sa.select(AuditEntry).where(AuditEntry.id.in_(ids)).order_by(AuditEntry.id))
        )
        head = await read_head(session)
        number, previous = (head.number, head.hash) if head else (0, GENESIS)
        links = []
        for entry in entries:
            number += 1
            previous = link_hash(number, previous, entry)
            links.append((number, entry.id, previous))
        texts = [seal_message(self.organisation, number, digest) for number, _, digest in links]
        seals = await self.vault.sign_many(self.key, texts) if texts else []
        for (number, entry_id, digest), (version, signature) in zip(links, seals, strict=True):
            seal = f"{version}:".encode() + signature
            session.add(AuditLink(number=number, entry_id=entry_id, hash=digest, seal=seal))
        await session.execute(sa.delete(AuditWaiting).where(AuditWaiting.entry_id.in_(ids)))
        return len(ids)

    async def public_keys(self) -> dict[str, Ed25519PublicKey]:
        """Key version → key, to verify seals with."""
        raw = await self.vault.public_keys(self.key)
        return {version: Ed25519PublicKey.from_public_bytes(key) for version, key in raw.items()}


def verify_seal(organisation: str, link: AuditLink, keys: Mapping[str, Ed25519PublicKey]) -> bool:
    """Was this link sealed with the organisation's key?"""
    version, _, signature = link.seal.partition(b":")
    key = keys.get(version.decode("ascii", "replace"))
    if key is None:
        return False
    try:
        key.verify(signature, seal_message(organisation, link.number, link.hash))
    except InvalidSignature:
        return False
    return True


async def read_head(session: AsyncSession) -> AuditLink | None:
    """The head of the chain."""
    return await session.scalar(sa.select(AuditLink).order_by(AuditLink.number.desc()).limit(1))


async def count_waiting(session: AsyncSession) -> int:
    return await session.scalar(sa.select(sa.func.count()).select_from(AuditWaiting)) or 0
