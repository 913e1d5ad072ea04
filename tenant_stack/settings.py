"""Settings of one organisation's back end and worker, passed to them after the fork."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from foundation.clock import zone
from foundation.settings import ValkeySettings, VaultSettings


class TenantSettings(ValkeySettings, VaultSettings):
    """``organisation`` is the stack id (``org-acme``); addresses are ``unix:/path`` or ``host:port``.

    ``smtp_url`` is ``smtp://user:password@host:587`` or ``smtps://…``; without it, messages are written into
    ``mail_dir``. ``application_role`` is used by migrations only: the role whose privileges they set.
    """

    organisation: str
    slug: str
    organisation_name: str
    zone: str = "UTC"
    database_url: SecretStr
    application_role: str | None = None
    jobs_namespace: str
    tokens_key: str
    public_url: str
    push_url: str
    bridge_address: str
    bridge_token: SecretStr
    control_token: SecretStr
    control_url: str | None = None
    device_networks: list[str] = Field(default_factory=list)
    smtp_url: SecretStr | None = None
    mail_sender: str = "Punctual <reports@punctual.localhost>"
    mail_dir: Path | None = None

    poll_seconds: int = 10
    live_heartbeat_seconds: float = 25.0
    live_check_seconds: float = 4.0
    sync_base_seconds: float = 5.0
    sync_cap_seconds: float = 300.0
    sync_attempts: int = 8
    report_stuck_seconds: float = 60.0

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        zone(value)
        return value

    @field_validator("device_networks")
    @classmethod
    def _real_networks(cls, value: list[str]) -> list[str]:
        for text in value:
            ip_network(text)
        return value

    @property
    def templates_key(self) -> str:
        """The organisation's key for biometric templates."""
        return f"{self.organisation}-templates"

    @property
    def backups_key(self) -> str:
        """The organisation's key for what leaves the stack and for secrets in its rows; old versions stay valid."""
        return f"{self.organisation}-backups"

    @property
    def networks(self) -> list[IPv4Network | IPv6Network]:
        """Networks of pull devices."""
        return [ip_network(text) for text in self.device_networks]
