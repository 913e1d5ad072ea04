"""Settings of the control plane's two programs: its back end and its worker."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from foundation.settings import ValkeySettings, VaultSettings

PORTAL_DIR = Path(__file__).parent / "portal" / "dist"


class ControlSettings(ValkeySettings, VaultSettings):
    """What the control plane is told at start. Addresses of servers, never their data.

    ``admin_database_url`` belongs to a role that may create roles and databases on the organisations' server;
    ``tenant_database_host`` and ``tenant_database_port`` say where stacks find that server, if that differs.
    ``valkey_admin_url`` belongs to a user that may manage users. The AppRole may manage transit keys, policies and
    AppRoles called ``org-*`` and key-value paths ``organisations/*``. ``fail_point`` (``step:act``) kills the worker
    there; only tests set it.
    """

    database_url: SecretStr
    admin_database_url: SecretStr
    tenant_database_host: str | None = None
    tenant_database_port: int | None = None
    valkey_prefix: str = "control:"
    jobs_namespace: str = "control:jobs"
    valkey_admin_url: SecretStr
    tokens_key: str = "control-tokens"

    public_url: str = Field(description="https://console.BASE")
    base_domain: str = Field(description="Organisations live at SLUG.BASE; may carry a port")
    device_networks: list[str] = Field(default_factory=list)
    smtp_url: SecretStr | None = Field(default=None, description="Mail of the organisations: smtp:// or smtps://")
    portal_dir: Path = PORTAL_DIR

    console_client_id: str
    console_client_secret: SecretStr
    console_issuer: str | None = Field(default=None, description="Default: `issuer`")
    operator_subjects: list[str] = Field(default_factory=list, description="Subjects at the console's issuer")
    cli_client_id: str
    cli_client_secret: SecretStr

    driver: Literal["processes"] = "processes"
    state_dir: Path
    run_dir: Path
    zygote_socket: Path
    routes_dir: Path = Field(description="The local gateway's links from hosts to sockets")
    issuer: str
    identity_admin_url: str
    identity_admin_token: SecretStr

    lease_seconds: float = 60.0
    fail_point: str | None = None

    @property
    def operators_issuer(self) -> str:
        return self.console_issuer or self.issuer
