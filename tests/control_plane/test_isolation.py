"""What an organisation's credentials can't do: reach another organisation, or the platform itself."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg
import hvac.exceptions
import pytest
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from control_plane.organisations.naming import Names
from control_plane.ports.databases import CONNECTION_LIMIT, OWNER_CONNECTION_LIMIT
from control_plane.ports.driver import Role
from control_plane.resources.databases import DatabaseServer, literal, scram_verifier
from foundation.vault import Vault
from tests.control_plane.conftest import Servers
from tests.control_plane.world import BASE, World


@dataclass
class Neighbours:
    """Two organisations; ``mine`` holds the settings that the first one's back end is given."""

    mine: dict[str, str]
    my: Names
    their: Names


@pytest.fixture
async def neighbours(world: World, slug: str) -> Neighbours:
    for each in (slug, f"{slug}-b"):
        await world.add(each)
        assert await world.round()
    my, their = Names(slug, BASE), Names(f"{slug}-b", BASE)
    return Neighbours(world.driver.settings(my.stack, Role.BACKEND), my, their)


async def test_the_database_role_is_refused_everywhere_else(
    servers: Servers, database: object, neighbours: Neighbours
) -> None:
    mine = neighbours.mine["database_url"]
    connection = await asyncpg.connect(mine)
    try:
        assert await connection.fetchval("SHOW statement_timeout") == "1min"
        assert await connection.fetchval("SHOW idle_in_transaction_session_timeout") == "1min"
        limit = await connection.fetchval("SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user")
        assert limit == CONNECTION_LIMIT
        control = await connection.fetchval("SELECT datname FROM pg_database WHERE datname LIKE 'control%' LIMIT 1")
        for forbidden in (
            "CREATE TABLE mine (id int)",
            "CREATE TEMPORARY TABLE mine (id int)",
            "CREATE SCHEMA mine",
            "CREATE ROLE more",
            f"SET ROLE {neighbours.my.database_owner}",
            "SET session_replication_role = replica",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)
    finally:
        await connection.close()
    for other in (neighbours.their.database, control):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(mine.rpartition("/")[0] + "/" + other)


async def test_the_valkey_user_is_refused_on_other_keys_and_commands(neighbours: Neighbours) -> None:
    client: Redis = Redis.from_url(neighbours.mine["valkey_url"])
    try:
        await client.set(f"{neighbours.my.valkey_prefix}x", "1")
        await client.publish(f"{neighbours.my.valkey_prefix}live", "1")
        for forbidden in (
            client.get(f"{neighbours.their.valkey_prefix}x"),
            client.set("x", "1"),
            client.publish(f"{neighbours.their.valkey_prefix}live", "1"),
            client.flushall(),
            client.keys("*"),
            client.config_get("*"),
            client.acl_list(),
        ):
            with pytest.raises(NoPermissionError):
                await forbidden
    finally:
        await client.aclose()


async def test_the_vault_role_is_refused_on_other_keys_and_secrets(neighbours: Neighbours) -> None:
    mine = neighbours.mine
    vault = Vault(mine["vault_url"], mine["vault_role_id"], mine["vault_secret_id"])
    assert len(await vault.sign(neighbours.my.tokens_key, b"message")) == 64
    assert await vault.public_keys(neighbours.my.tokens_key)
    assert set(await vault.read_secret(neighbours.my.sign_in_path) or {}) == {"client_secret"}
    for forbidden in (
        vault.sign(neighbours.their.tokens_key, b"message"),
        vault.public_keys(neighbours.their.tokens_key),
        vault.public_keys(neighbours.my.backups_key),
        vault.read_secret(neighbours.their.sign_in_path),
        vault.read_secret(neighbours.their.credentials_path),
        vault.read_secret(neighbours.my.credentials_path),
        vault.write_secret(neighbours.my.sign_in_path, {"client_secret": "mine now"}),
    ):
        with pytest.raises(hvac.exceptions.Forbidden):
            await forbidden


async def test_templates_and_backups_can_be_used_by_their_owner_alone(neighbours: Neighbours) -> None:
    mine = neighbours.mine
    client = hvac.Client(url=mine["vault_url"])
    client.auth.approle.login(mine["vault_role_id"], mine["vault_secret_id"])
    transit = client.secrets.transit
    text, place = "cGxhaW4=", "cGxhY2U="
    sealed = transit.encrypt_data(neighbours.my.templates_key, plaintext=text, context=place)["data"]["ciphertext"]
    opened = transit.decrypt_data(neighbours.my.templates_key, ciphertext=sealed, context=place)
    assert opened["data"]["plaintext"] == text
    with pytest.raises(hvac.exceptions.InvalidRequest):
        transit.decrypt_data(neighbours.my.templates_key, ciphertext=sealed, context="b3RoZXI=")
    transit.rewrap_data(neighbours.my.templates_key, ciphertext=sealed, context=place)
    backup = transit.encrypt_data(neighbours.my.backups_key, plaintext=text)["data"]["ciphertext"]
    assert transit.decrypt_data(neighbours.my.backups_key, ciphertext=backup)["data"]["plaintext"] == text
    with pytest.raises(hvac.exceptions.Forbidden):
        transit.encrypt_data(neighbours.their.templates_key, plaintext=text, context=place)
    with pytest.raises(hvac.exceptions.Forbidden):
        transit.rotate_key(neighbours.my.backups_key)
    with pytest.raises(hvac.exceptions.Forbidden):
        transit.delete_key(neighbours.my.templates_key)
    with pytest.raises(hvac.exceptions.Forbidden):
        transit.update_key_configuration(neighbours.my.templates_key, deletion_allowed=True)
    with pytest.raises(hvac.exceptions.Forbidden):
        transit.encrypt_data(f"{neighbours.my.stack}-more", plaintext=text)


async def test_the_control_plane_itself_can_decrypt_nothing(servers: Servers, neighbours: Neighbours) -> None:
    role = servers.openbao.credentials()
    client = hvac.Client(url=servers.openbao.url)
    client.auth.approle.login(role.role_id, role.secret_id)
    with pytest.raises(hvac.exceptions.Forbidden):
        client.secrets.transit.encrypt_data(neighbours.my.backups_key, plaintext="cGxhaW4=")


async def test_an_administrator_without_superuser_can_make_databases_but_not_read_them(
    servers: Servers, slug: str
) -> None:
    name, owner, admin = f"org_{slug}", f"owner_org_{slug}", f"admin_{slug}"
    root = await asyncpg.connect(servers.dsn())
    await root.execute(f"CREATE ROLE {admin} LOGIN CREATEROLE CREATEDB PASSWORD {literal(scram_verifier('pw'))}")
    # The platform closes this database to everybody; an administrator's role is let in by name.
    await root.execute(f"GRANT CONNECT ON DATABASE postgres TO {admin}")
    place = servers.dsn().partition("@")[2]
    server = DatabaseServer(f"postgresql://{admin}:pw@{place}")
    try:
        for _ in range(2):
            await server.ensure_role(owner, "owner's password", connection_limit=OWNER_CONNECTION_LIMIT)
            await server.ensure_role(name, "first password")
            await server.ensure_database(name, owner)
        facts = await server.facts(name, owner)
        assert facts.programs.as_wanted(CONNECTION_LIMIT)
        assert facts.owner.as_wanted(OWNER_CONNECTION_LIMIT)
        assert (facts.owned, facts.closed) == (True, True)
        assert await server.accepts(name, "first password")
        assert await server.accepts(name, "owner's password", role=owner)
        assert not await server.accepts(name, "another password")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(f"postgresql://{admin}:pw@{place.rpartition('/')[0]}/{name}")
        await server.drop_database(name)
        await server.drop_role(name)
        await server.drop_role(owner)
        assert not (await server.facts(name, owner)).programs.exists
    finally:
        await root.execute(f"REVOKE CONNECT ON DATABASE postgres FROM {admin}")
        await root.execute(f"DROP ROLE {admin}")
        await root.close()


@pytest.mark.parametrize("superuser", [True, False])
async def test_a_database_of_one_role_is_handed_over_with_all_that_is_in_it(
    servers: Servers, slug: str, superuser: bool
) -> None:
    """As organisations were made at first: the programs' role owned everything."""
    name, owner, admin = f"org_{slug}", f"owner_org_{slug}", f"admin_{slug}"
    place = servers.dsn().partition("@")[2]
    root = await asyncpg.connect(servers.dsn())
    rights = "SUPERUSER" if superuser else "CREATEROLE CREATEDB"
    await root.execute(f"CREATE ROLE {admin} LOGIN {rights} PASSWORD {literal(scram_verifier('pw'))}")
    await root.execute(f"GRANT CONNECT ON DATABASE postgres TO {admin}")
    server = DatabaseServer(f"postgresql://{admin}:pw@{place}")
    await server.ensure_role(name, "programs")
    await root.execute(f"CREATE DATABASE {name} OWNER {name}")
    await root.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
    programs = await asyncpg.connect(server.tenant_url(name, "programs"))
    try:
        await programs.execute("CREATE TABLE trail (id int); INSERT INTO trail VALUES (1)")
        await server.ensure_role(owner, "owner", connection_limit=OWNER_CONNECTION_LIMIT)
        assert not (await server.facts(name, owner)).owned
        for _ in range(2):
            await server.ensure_database(name, owner)
            facts = await server.facts(name, owner)
            assert (facts.owned, facts.closed) == (True, True)
        assert await programs.fetchval("SELECT count(*) FROM trail") == 1
        for forbidden in ("ALTER TABLE trail ADD more int", "DROP TABLE trail", "CREATE TABLE more (id int)"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await programs.execute(forbidden)
        owning = await asyncpg.connect(server.tenant_url(name, "owner", role=owner))
        await owning.execute("ALTER TABLE trail ADD more int")
        await owning.close()
    finally:
        await programs.close()
        await server.drop_database(name)
        await server.drop_role(name)
        await server.drop_role(owner)
        await root.execute(f"REVOKE CONNECT ON DATABASE postgres FROM {admin}")
        await root.execute(f"DROP ROLE {admin}")
        await root.close()


@pytest.mark.parametrize("name", ["", "Org", "org-acme", 'org"; DROP ROLE x; --', "1org", "o" * 64])
async def test_names_that_are_not_ours_never_reach_sql(servers: Servers, name: str) -> None:
    with pytest.raises(ValueError, match="not a name of ours"):
        await DatabaseServer(servers.dsn()).ensure_role(name, "password")
