"""The context of every job of a worker: settings, connections, and a way to request more work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from foundation.database import Database
from foundation.jobs import JobQueue
from foundation.valkey import Valkey
from foundation.vault import Vault
from tenant_stack.settings import TenantSettings


@dataclass
class JobContext:
    """``work`` requests a run over the outbox and the pending staff-days and returns at once.

    ``bridge`` is a client of the organisation's device bridge. Connections belong to the worker's event loop.
    """

    settings: TenantSettings
    database: Database
    valkey: Valkey
    queue: JobQueue
    bridge: httpx.AsyncClient
    vault: Vault
    work: Callable[[], None] = field(init=False)
