"""The secrets of an organisation: made once, kept in OpenBao, read by whichever step needs them.

They are chosen here rather than by the servers they belong to, so a step that was killed halfway finds the same ones.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import asdict, dataclass, field

from control_plane.organisations.naming import Names
from control_plane.ports.keys import KeyStore
from control_plane.provisioning.step import StepBlocked


def _secret() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Credentials:
    """What a stack proves itself with, towards each of its servers and between its programs."""

    database_password: str = field(repr=False, default_factory=_secret)
    valkey_password: str = field(repr=False, default_factory=_secret)
    vault_secret_id: str = field(repr=False, default_factory=_secret)
    bridge_token: str = field(repr=False, default_factory=_secret)
    control_token: str = field(repr=False, default_factory=_secret)


@dataclass(frozen=True)
class SchemaOwner:
    """The password of the role that owns the organisation's tables; the running stack never has it."""

    password: str = field(repr=False, default_factory=_secret)


@dataclass(frozen=True)
class SignInSecret:
    """The secret of the organisation's client at its sign-in provider."""

    client_secret: str = field(repr=False, default_factory=_secret)


@dataclass(frozen=True)
class InitialPassword:
    """The first password of an account at the platform's own provider; empty when the account was there before us."""

    email: str
    password: str = field(repr=False)


async def credentials_of(vault: KeyStore, names: Names) -> Credentials:
    """The organisation's secrets, made now if this is the first to ask."""
    return Credentials(**await _stored(vault, names.credentials_path, asdict(Credentials())))


async def find_credentials(vault: KeyStore, names: Names) -> Credentials | None:
    """The organisation's secrets, None while nothing has been made."""
    found = await vault.read_secret(names.credentials_path)
    return Credentials(**found) if found else None


async def schema_owner_of(vault: KeyStore, names: Names) -> SchemaOwner:
    """The owner's password, made now if this is the first to ask."""
    return SchemaOwner(**await _stored(vault, names.schema_path, asdict(SchemaOwner())))


async def find_schema_owner(vault: KeyStore, names: Names) -> SchemaOwner | None:
    """The owner's password, None while none has been made."""
    found = await vault.read_secret(names.schema_path)
    return SchemaOwner(**found) if found else None


async def sign_in_secret_of(vault: KeyStore, names: Names) -> SignInSecret:
    """The sign-in client's secret, made now if this is the first to ask."""
    return SignInSecret(**await _stored(vault, names.sign_in_path, asdict(SignInSecret())))


async def _stored(vault: KeyStore, path: str, candidate: dict[str, str]) -> dict[str, str]:
    found = await vault.read_secret(path)
    if found is None:
        await vault.write_secret(path, candidate, only_if_missing=True)
        found = await vault.read_secret(path)
    if found is None:
        raise StepBlocked(
            f"The secrets at {path} were deleted in OpenBao",
            "Restore them with `bao kv undelete`; making new ones would lock the stack out of its own data",
        )
    return found


def account_path(email: str) -> str:
    """Key-value path of an account's first password. By account, since one person may own several organisations; no
    slug begins with an underscore, so it is no organisation's."""
    return "organisations/_accounts/" + hashlib.sha256(email.strip().lower().encode()).hexdigest()


async def initial_password_of(vault: KeyStore, email: str) -> tuple[InitialPassword, bool]:
    """The first password to give an account, and whether it was chosen only now.

    It is kept before the account is made, so a worker killed in between gives the same one again.
    """
    path = account_path(email)
    fresh = {"email": email, "password": secrets.token_urlsafe(12)}
    found = await vault.read_secret(path)
    if found is not None:
        return InitialPassword(**found), False
    chosen_now = await vault.write_secret(path, fresh, only_if_missing=True)
    return InitialPassword(**await _stored(vault, path, fresh)), chosen_now


async def forget_initial_password(vault: KeyStore, email: str) -> None:
    """The account has a password that we did not choose."""
    await vault.write_secret(account_path(email), {"email": email, "password": ""})


async def find_initial_password(vault: KeyStore, email: str) -> str | None:
    """The first password of an account that we made, else None."""
    found = await vault.read_secret(account_path(email))
    return (found or {}).get("password") or None
