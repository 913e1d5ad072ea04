"""The PostgreSQL server on which organisations' databases live, as a list of verbs.

Works with a superuser, and with a role that has only CREATEROLE and CREATEDB: that one becomes a member of an
organisation's role for the moments in which PostgreSQL asks for it, and can't read its tables otherwise.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

import asyncpg

IDENTIFIER = re.compile(r"^[a-z_][a-z0-9_]{0,62}$")
SCRAM_ITERATIONS = 4096
ERASED_BY_FORCE_SECONDS = 10

CONNECTION_LIMIT = 24
ROLE_SETTINGS: Mapping[str, str] = {
    "statement_timeout": "60s",
    "lock_timeout": "15s",
    "idle_in_transaction_session_timeout": "60s",
}


@dataclass(frozen=True)
class DatabaseFacts:
    """What is there of one organisation's role and database."""

    role: bool = False
    role_is_plain: bool = False
    connection_limit: int = -1
    settings: Mapping[str, str] = field(default_factory=dict)
    database: bool = False
    owned: bool = False
    closed: bool = False


def identifier(name: str) -> str:
    """A name quoted for SQL; raises `ValueError` for one that our naming never makes."""
    if not IDENTIFIER.fullmatch(name):
        raise ValueError(f"{name!r} is not a name of ours")
    return f'"{name}"'


def literal(text: str) -> str:
    """Text quoted for SQL, for statements that take no parameters."""
    if "\\" in text or "\0" in text:
        raise ValueError("no backslash and no zero byte in literals")
    return "'" + text.replace("'", "''") + "'"


def scram_verifier(password: str, salt: bytes | None = None) -> str:
    """What PostgreSQL stores for a password (RFC 5803), so that the password itself appears in no statement or log."""
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    server = hmac.digest(salted, b"Server Key", "sha256")
    parts = [base64.b64encode(part).decode() for part in (salt, hashlib.sha256(client).digest(), server)]
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{parts[0]}${parts[1]}:{parts[2]}"


class DatabaseServer:
    """One server, reached as its administrator. Every verb is idempotent and opens its own connection.

    ``host`` and ``port`` are where stacks find it, when that differs from the administrator's address.
    """

    def __init__(self, admin_url: str, *, host: str | None = None, port: int | None = None) -> None:
        self._admin_url = admin_url.replace("postgresql+asyncpg://", "postgresql://", 1)
        parts = urlsplit(self._admin_url)
        self._host = host or parts.hostname or "127.0.0.1"
        self._port = port or parts.port or 5432

    def tenant_url(self, name: str, password: str) -> str:
        """The address of an organisation's database, for its own role."""
        return f"postgresql://{name}:{quote(password, safe='')}@{self._host}:{self._port}/{name}"

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(
            self._admin_url,
            timeout=5,
            command_timeout=20,
            server_settings={"application_name": "punctual-provisioning"},
        )
        try:
            yield connection
        finally:
            await connection.close()

    async def facts(self, name: str) -> DatabaseFacts:
        """What is there now."""
        async with self._connect() as connection:
            role = await connection.fetchrow(
                "SELECT rolconnlimit, rolconfig, rolcanlogin AND NOT (rolsuper OR rolcreatedb OR rolcreaterole "
                "OR rolreplication OR rolbypassrls) AS plain FROM pg_roles WHERE rolname = $1",
                name,
            )
            database = await connection.fetchrow(
                "SELECT pg_get_userbyid(datdba) = $1 AS owned, NOT EXISTS (SELECT FROM aclexplode(coalesce(datacl, "
                "acldefault('d', datdba))) AS acl WHERE acl.grantee = 0) AS closed FROM pg_database WHERE datname = $1",
                name,
            )
        return DatabaseFacts(
            role=role is not None,
            role_is_plain=bool(role and role["plain"]),
            connection_limit=role["rolconnlimit"] if role else -1,
            settings=dict(entry.split("=", 1) for entry in (role["rolconfig"] or [])) if role else {},
            database=database is not None,
            owned=bool(database and database["owned"]),
            closed=bool(database and database["closed"]),
        )

    async def accepts(self, name: str, password: str) -> bool:
        """Can the role sign in to its own database with this password?"""
        try:
            connection = await asyncpg.connect(self.tenant_url(name, password), timeout=5)
        except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError):
            return False
        await connection.close()
        return True

    async def ensure_role(self, name: str, password: str) -> None:
        """The role exists, with this password and these limits, and with no right beyond signing in."""
        role = identifier(name)
        async with self._connect() as connection:
            try:
                if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
                    await connection.execute(f"CREATE ROLE {role} NOLOGIN")
            except asyncpg.DuplicateObjectError:
                pass  # made meanwhile by somebody who lost the lease; what follows sets it right
            await connection.execute(
                f"ALTER ROLE {role} LOGIN NOCREATEDB NOCREATEROLE CONNECTION LIMIT {CONNECTION_LIMIT} "
                f"PASSWORD {literal(scram_verifier(password))}"
            )
            for setting, value in ROLE_SETTINGS.items():
                await connection.execute(f"ALTER ROLE {role} SET {identifier(setting)} = {literal(value)}")

    async def ensure_database(self, name: str) -> None:
        """The database exists, belongs to the role of the same name, and nobody else may connect."""
        owner = identifier(name)
        async with self._connect() as connection, _as_member(connection, owner):
            try:
                if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                    await connection.execute(
                        f"CREATE DATABASE {owner} OWNER {owner} TEMPLATE template0 ENCODING 'UTF8'"
                    )
            except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                pass  # made meanwhile by somebody who lost the lease
            await connection.execute(f"SET ROLE {owner}")
            try:
                await connection.execute(f"REVOKE ALL ON DATABASE {owner} FROM PUBLIC")
            finally:
                await connection.execute("RESET ROLE")

    async def drop_database(self, name: str) -> None:
        """Remove the database with all it holds; fine when there is none. Ends the sessions in it."""
        owner = identifier(name)
        async with self._connect() as connection:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                return
            async with _as_member(connection, owner):
                await connection.execute(f"SET ROLE {owner}")
                await connection.execute(f"DROP DATABASE IF EXISTS {owner} WITH (FORCE)")
                await connection.execute("RESET ROLE")

    async def drop_role(self, name: str) -> None:
        """Remove the role; its database must be gone. Fine when there is none."""
        async with self._connect() as connection:
            await connection.execute(f"DROP ROLE IF EXISTS {identifier(name)}")

    async def inventory(self) -> list[str]:
        """Databases of organisations, by name."""
        async with self._connect() as connection:
            rows = await connection.fetch(r"SELECT datname FROM pg_database WHERE datname LIKE 'org\_%' ORDER BY 1")
        return [str(row["datname"]) for row in rows]


@asynccontextmanager
async def _as_member(connection: asyncpg.Connection, role: str) -> AsyncIterator[None]:
    """Membership in a role while the block runs; a superuser needs none."""
    if await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        yield
        return
    await connection.execute(f"GRANT {role} TO CURRENT_USER WITH INHERIT FALSE, SET TRUE")
    try:
        yield
    finally:
        await connection.execute(f"REVOKE {role} FROM CURRENT_USER GRANTED BY CURRENT_USER")
