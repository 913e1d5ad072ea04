"""All ports together, as provisioning steps and services are given them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import httpx

from control_plane.ports.databases import Databases
from control_plane.ports.driver import StackDriver
from control_plane.ports.identities import IdentityProvider
from control_plane.ports.keys import KeyStore
from control_plane.ports.queue_users import QueueUsers
from control_plane.ports.router import Router


@dataclass(frozen=True)
class Ports:
    """The servers and programs through which organisations are provisioned. ``http`` is for public addresses, through
    the gateway.

    ``vault_url``, ``device_networks``, ``ca_file``, ``log_level``, ``smtp_url`` and ``control_url`` (where stacks ask
    which organisation a serial belongs to) are passed on to the stacks. Without ``smtp_url`` each writes its mail into
    a folder of its own under ``mail_root``.
    """

    databases: Databases
    vault: KeyStore
    queue_users: QueueUsers
    driver: StackDriver
    router: Router
    identities: IdentityProvider
    http: httpx.AsyncClient
    base_domain: str
    release: str
    vault_url: str
    device_networks: tuple[str, ...] = ()
    ca_file: Path | None = None
    log_level: str = "INFO"
    smtp_url: str | None = None
    mail_root: Path | None = None
    control_url: str | None = None
