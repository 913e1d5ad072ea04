"""Step 7: the client at the sign-in provider, the owner's account, and both made known to the back end."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from control_plane.ports.driver import Role
from control_plane.ports.identities import Account, ClientRegistration
from control_plane.provisioning.context import StepContext
from control_plane.provisioning.credentials import (
    SignInSecret,
    credentials_of,
    forget_initial_password,
    initial_password_of,
    sign_in_secret_of,
)
from control_plane.provisioning.specification import fingerprint
from control_plane.provisioning.step import StepObservation, StepRetry, missing, satisfied
from foundation.contracts.control import Message, Owner, SignInConnection
from foundation.outbound import service_client


def registration_of(context: StepContext, secret: SignInSecret) -> ClientRegistration:
    return ClientRegistration(
        client_id=context.names.stack,
        client_secret=secret.client_secret,
        name=context.organisation.name,
        redirect_uris=(f"{context.names.public_url}/auth/callback",),
    )


@dataclass(frozen=True)
class SignInStep:
    """The back end can be told of a connection and an owner but not asked, so what it was told is kept as a
    fingerprint."""

    name: str = "sign_in"
    timeout: float = 30.0
    settle: float = 0.0

    async def check(self, context: StepContext) -> StepObservation:
        ports, organisation = context.ports, context.organisation
        registration = registration_of(context, await sign_in_secret_of(ports.vault, context.names))
        wanted = fingerprint(
            ports.identities.issuer,
            registration.client_id,
            registration.client_secret,
            organisation.owner_email,
            organisation.owner_name,
        )
        if context.applied.get(self.name) != wanted:
            return missing("The back end has not been told where to sign in", wanted=wanted)
        if not await ports.identities.has_client(registration):
            return missing(f"The sign-in provider does not know {registration.client_id}", wanted=wanted)
        return satisfied(f"Sign-in at {ports.identities.issuer}", wanted=wanted)

    async def apply(self, context: StepContext) -> None:
        ports, names, organisation = context.ports, context.names, context.organisation
        secret = await sign_in_secret_of(ports.vault, names)
        await ports.identities.put_client(registration_of(context, secret))
        context.reach("sign_in:client-made")
        account = await _owner_account(context)
        context.reach("sign_in:account-made")
        credentials = await credentials_of(ports.vault, names)
        connection = SignInConnection(
            issuer=ports.identities.issuer, client_id=names.stack, secret_path=names.sign_in_path
        )
        owner = Owner(
            issuer=ports.identities.issuer,
            subject=account.subject,
            email=organisation.owner_email,
            name=organisation.owner_name or account.name,
        )
        address = ports.driver.address(names.stack, Role.BACKEND)
        async with service_client(address, token=credentials.control_token) as backend:
            await _put(backend, "/internal/control/sign-in", connection)
            context.reach("sign_in:connection-told")
            await _put(backend, "/internal/control/owner", owner)

    async def remove(self, context: StepContext) -> None:
        await context.ports.identities.remove_client(context.names.stack)
        await context.ports.vault.delete_secrets(context.names.sign_in_path)


async def _owner_account(context: StepContext) -> Account:
    ports, organisation = context.ports, context.organisation
    initial, chosen_now = await initial_password_of(ports.vault, organisation.owner_email)
    account, made = await ports.identities.ensure_account(
        organisation.owner_email,
        organisation.owner_name or organisation.owner_email.partition("@")[0],
        initial_password=initial.password,
    )
    if chosen_now and not made:
        await forget_initial_password(ports.vault, organisation.owner_email)
    return account


async def _put(backend: httpx.AsyncClient, path: str, message: Message) -> None:
    answer = await backend.put(path, json=message.model_dump(mode="json"))
    if answer.status_code >= 500:
        raise StepRetry(3.0, f"The back end answered {answer.status_code} to {path}; it is asked again")
    if answer.status_code != 204:
        raise RuntimeError(f"The back end refused {path} with {answer.status_code}: {answer.text[:300]}")
