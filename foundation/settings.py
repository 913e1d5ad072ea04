"""Settings: read once at start, from a document handed over after the fork or from ``PUNCTUAL_*`` variables.

Each service adds its own fields; what all of them need stands here.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def product_version() -> str:
    """The distribution's version, ``0+unknown`` when it is not installed."""
    try:
        return version("punctual")
    except PackageNotFoundError:
        return "0+unknown"


class ServiceSettings(BaseSettings):
    """``listen`` is ``unix:/path`` or ``host:port``; ``ca_file`` is trusted beside the system's authorities."""

    model_config = SettingsConfigDict(env_prefix="PUNCTUAL_", extra="forbid", frozen=True)

    listen: str
    log_level: str = "INFO"
    ca_file: Path | None = None


class ValkeySettings(ServiceSettings):
    """Where the queue, sessions and live events live; every key begins with ``valkey_prefix``."""

    valkey_url: SecretStr
    valkey_prefix: str


class VaultSettings(ServiceSettings):
    """OpenBao and the AppRole by which a service signs in to it."""

    vault_url: str
    vault_role_id: str
    vault_secret_id: SecretStr
