"""The organisations' databases on a PostgreSQL server.

Works with a superuser, and with a role that has only CREATEROLE and CREATEDB: that one becomes a member of an
organisation's roles for the moments in which PostgreSQL asks for it, and can't read its tables otherwise.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote, urlsplit

import asyncpg

from control_plane.ports.databases import CONNECTION_LIMIT, ROLE_SETTINGS, DatabaseFacts, RoleFacts

IDENTIFIER = re.compile(r"^[a-z_][a-z0-9_]{0,62}$")
SCRAM_ITERATIONS = 4096


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
    """One server, reached as its administrator (`Databases`). Every call opens its own connection.

    ``host`` and ``port`` are where stacks find it, when that differs from the administrator's address.
    """

    def __init__(self, admin_url: str, *, host: str | None = None, port: int | None = None) -> None:
        self._admin_url = admin_url.replace("postgresql+asyncpg://", "postgresql://", 1)
        parts = urlsplit(self._admin_url)
        self._host = host or parts.hostname or "127.0.0.1"
        self._port = port or parts.port or 5432

    def tenant_url(self, name: str, password: str, *, role: str | None = None) -> str:
        return f"postgresql://{role or name}:{quote(password, safe='')}@{self._host}:{self._port}/{name}"

    @asynccontextmanager
    async def _connect(self, database: str | None = None) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(
            self._admin_url,
            database=database,
            timeout=5,
            command_timeout=20,
            server_settings={"application_name": "punctual-provisioning"},
        )
        try:
            yield connection
        finally:
            await connection.close()

    async def facts(self, name: str, owner: str) -> DatabaseFacts:
        async with self._connect() as connection:
            programs, owning = await _role_facts(connection, name), await _role_facts(connection, owner)
            database = await connection.fetchrow(
                "SELECT pg_get_userbyid(datdba) = $2 AS owned, (SELECT bool_and(acl.grantee = datdba OR "
                "pg_get_userbyid(acl.grantee) = $1 AND acl.privilege_type = 'CONNECT') AND "
                "bool_or(pg_get_userbyid(acl.grantee) = $1) FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) "
                "AS acl) AND NOT EXISTS (SELECT FROM pg_auth_members m WHERE m.member = to_regrole($1)::oid) AS closed "
                "FROM pg_database WHERE datname = $1",
                name,
                owner,
            )
        return DatabaseFacts(
            programs=programs,
            owner=owning,
            database=database is not None,
            owned=bool(database and database["owned"]),
            closed=bool(database and database["closed"]),
        )

    async def accepts(self, name: str, password: str, *, role: str | None = None) -> bool:
        try:
            connection = await asyncpg.connect(self.tenant_url(name, password, role=role), timeout=5)
        except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError):
            return False
        await connection.close()
        return True

    async def ensure_role(self, name: str, password: str, *, connection_limit: int = CONNECTION_LIMIT) -> None:
        role = identifier(name)
        async with self._connect() as connection:
            try:
                if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
                    await connection.execute(f"CREATE ROLE {role} NOLOGIN")
            except asyncpg.DuplicateObjectError:
                pass  # made meanwhile by somebody who lost the lease; what follows sets it right
            await connection.execute(
                f"ALTER ROLE {role} LOGIN NOCREATEDB NOCREATEROLE CONNECTION LIMIT {connection_limit} "
                f"PASSWORD {literal(scram_verifier(password))}"
            )
            for setting, value in ROLE_SETTINGS.items():
                await connection.execute(f"ALTER ROLE {role} SET {identifier(setting)} = {literal(value)}")

    async def ensure_database(self, name: str, owner: str) -> None:
        """The database exists and belongs to ``owner``; of all others only the role of its own name may connect.

        One that still belongs to the role of its own name is handed over, with all that is in it.
        """
        database = identifier(name)
        async with self._connect() as connection, _as_member(connection, identifier(owner)):
            present = await connection.fetchval(
                "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = $1", name
            )
            try:
                if present is None:
                    await connection.execute(
                        f"CREATE DATABASE {database} OWNER {identifier(owner)} TEMPLATE template0 ENCODING 'UTF8'"
                    )
            except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                pass  # made meanwhile by somebody who lost the lease
        if present == name:
            await self._hand_over(name, owner)
        async with self._connect() as connection, _as_member(connection, identifier(owner)):
            await connection.execute(f"SET ROLE {identifier(owner)}")
            try:
                async with connection.transaction():
                    await connection.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC, {database}")
                    await connection.execute(f"GRANT CONNECT ON DATABASE {database} TO {database}")
            finally:
                await connection.execute("RESET ROLE")

    async def _hand_over(self, name: str, owner: str) -> None:
        """Give what belongs to the programs' role to the owner, in one transaction.

        The programs go on meanwhile with rights over rows; the migration that follows narrows them.
        """
        role, new = identifier(name), identifier(owner)
        async with (
            self._connect() as outside,
            _as_member(outside, role, inherit=True),
            _as_member(outside, new, inherit=True),
            self._connect(name) as connection,
            connection.transaction(),
        ):
            await connection.execute("SET LOCAL lock_timeout = '5s'")
            await connection.execute(f"REASSIGN OWNED BY {role} TO {new}")
            await connection.execute(f"GRANT CONNECT ON DATABASE {role} TO {role}")
            await connection.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
            await connection.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")

    async def drop_database(self, name: str) -> None:
        async with self._connect() as connection:
            owner = await connection.fetchval(
                "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = $1", name
            )
            if owner is None:
                return
            # Ending the sessions of another role needs membership in it.
            async with (
                _as_member(connection, identifier(owner), inherit=True),
                _as_member(connection, identifier(name), inherit=True),
            ):
                await connection.execute(f"DROP DATABASE IF EXISTS {identifier(name)} WITH (FORCE)")

    async def drop_role(self, name: str) -> None:
        async with self._connect() as connection:
            await connection.execute(f"DROP ROLE IF EXISTS {identifier(name)}")


async def _role_facts(connection: asyncpg.Connection, name: str) -> RoleFacts:
    row = await connection.fetchrow(
        "SELECT rolconnlimit, rolconfig, rolcanlogin AND NOT (rolsuper OR rolcreatedb OR rolcreaterole "
        "OR rolreplication OR rolbypassrls) AS plain FROM pg_roles WHERE rolname = $1",
        name,
    )
    if row is None:
        return RoleFacts()
    settings = dict(entry.split("=", 1) for entry in (row["rolconfig"] or []))
    return RoleFacts(exists=True, plain=row["plain"], connection_limit=row["rolconnlimit"], settings=settings)


@asynccontextmanager
async def _as_member(connection: asyncpg.Connection, role: str, *, inherit: bool = False) -> AsyncIterator[None]:
    """Membership in a role while the block runs; a superuser needs none."""
    if await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        yield
        return
    await connection.execute(f"GRANT {role} TO CURRENT_USER WITH INHERIT {inherit}, SET TRUE")
    try:
        yield
    finally:
        await connection.execute(f"REVOKE {role} FROM CURRENT_USER GRANTED BY CURRENT_USER")
