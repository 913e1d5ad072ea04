"""The settings documents of a stack's programs, and the specification that a driver is given."""

from __future__ import annotations

import hashlib
import json

from control_plane.ports.driver import SERVICES, Component, Role, StackSpec
from control_plane.provisioning.context import StepContext
from control_plane.provisioning.credentials import Credentials, SchemaOwner, credentials_of, schema_owner_of


async def migration_spec(context: StepContext) -> StackSpec:
    """A stack that only brings its schema to the head."""
    return await _spec(context, (Role.MIGRATE,))


async def stack_spec(context: StepContext) -> StackSpec:
    """The whole stack. The finished migration stays listed: what is not listed is stopped and forgotten."""
    return await _spec(context, (Role.MIGRATE, *SERVICES))


def fingerprint(*parts: object) -> str:
    """Which inputs were applied. One-way, and the secrets among them are long and random, so it tells nothing."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def spec_fingerprint(spec: StackSpec) -> str:
    return fingerprint(spec.organisation, spec.release, [[part.role, part.settings] for part in spec.components])


async def _spec(context: StepContext, roles: tuple[Role, ...]) -> StackSpec:
    ports, names = context.ports, context.names
    credentials = await credentials_of(ports.vault, names)
    role_id = await ports.vault.role_id(names.stack)
    tenant = _tenant_document(context, credentials, role_id)
    bridge = _bridge_document(context, credentials)
    documents = {
        Role.MIGRATE: _migration_document(context, tenant, await schema_owner_of(ports.vault, names)),
        Role.BRIDGE: bridge,
    }
    return StackSpec(
        organisation=names.stack,
        release=ports.release,
        components=tuple(Component(role, documents.get(role, tenant)) for role in roles),
    )


def _common(context: StepContext, role: Role) -> dict[str, object]:
    ports = context.ports
    document: dict[str, object] = {
        "listen": ports.driver.address(context.names.stack, role),
        "log_level": ports.log_level,
        "organisation": context.names.stack,
        "device_networks": list(ports.device_networks),
    }
    if ports.ca_file is not None:
        document["ca_file"] = str(ports.ca_file)
    return document


def _tenant_document(context: StepContext, credentials: Credentials, role_id: str) -> dict[str, object]:
    """Settings of back end and worker; the names are those of the tenant's settings class."""
    ports, names = context.ports, context.names
    return _common(context, Role.BACKEND) | {
        "slug": names.slug,
        "organisation_name": context.organisation.name,
        "zone": context.organisation.zone,
        "database_url": ports.databases.tenant_url(names.database, credentials.database_password),
        "valkey_url": ports.queue_users.tenant_url(names.stack, credentials.valkey_password),
        "valkey_prefix": names.valkey_prefix,
        "jobs_namespace": names.jobs_namespace,
        "vault_url": ports.vault_url,
        "vault_role_id": role_id,
        "vault_secret_id": credentials.vault_secret_id,
        "tokens_key": names.tokens_key,
        "public_url": names.public_url,
        "push_url": names.push_url,
        "bridge_address": ports.driver.address(names.stack, Role.BRIDGE),
        "bridge_token": credentials.bridge_token,
        "control_token": credentials.control_token,
        "control_url": ports.control_url,
        **_mail(context),
    }


def _migration_document(
    context: StepContext, tenant: dict[str, object], schema_owner: SchemaOwner
) -> dict[str, object]:
    """The migration signs in as the tables' owner, and is told whose rights to set."""
    ports, names = context.ports, context.names
    url = ports.databases.tenant_url(names.database, schema_owner.password, role=names.database_owner)
    return tenant | {"database_url": url, "application_role": names.database}


def _mail(context: StepContext) -> dict[str, object]:
    """Where reports are sent from: a server, or a folder of the organisation's own."""
    ports = context.ports
    if ports.smtp_url is not None:
        return {"smtp_url": ports.smtp_url}
    return {"mail_dir": str(ports.mail_root / context.names.stack / "mail")} if ports.mail_root is not None else {}


def _bridge_document(context: StepContext, credentials: Credentials) -> dict[str, object]:
    return _common(context, Role.BRIDGE) | {
        "backend_url": context.ports.driver.address(context.names.stack, Role.BACKEND),
        "bridge_token": credentials.bridge_token,
    }
