"""Settings of a console under test."""

from __future__ import annotations

from control_plane.settings import ControlSettings
from tests.control_plane.world import BASE, Places

CLI = "cli"
CLI_SECRET = "cli-secret-cli-secret"
OPERATOR = "operator-1"
ISSUER = "https://id.example.test"


def console_document(
    places: Places, *, listen: str = "unix:", public_url: str = "https://console.example.test"
) -> dict[str, object]:
    """What the console's programs are told at start."""
    return {
        "listen": listen,
        "database_url": places.database_url.replace("+asyncpg", ""),
        "admin_database_url": places.admin_database_url,
        "valkey_url": places.valkey_url,
        "valkey_prefix": f"control:{places.folder.name}:",
        "jobs_namespace": f"control:{places.folder.name}:jobs",
        "valkey_admin_url": places.valkey_admin_url,
        "vault_url": places.vault_url,
        "vault_role_id": places.vault_role_id,
        "vault_secret_id": places.vault_secret_id,
        "public_url": public_url,
        "base_domain": BASE,
        "console_client_id": "console",
        "console_client_secret": "console-secret",
        "operator_subjects": [OPERATOR],
        "cli_client_id": CLI,
        "cli_client_secret": CLI_SECRET,
        "state_dir": str(places.folder / "state"),
        "run_dir": str(places.folder),
        "zygote_socket": str(places.folder / "zygote.sock"),
        "routes_dir": str(places.folder / "hosts"),
        "issuer": ISSUER,
        "identity_admin_url": "127.0.0.1:9",
        "identity_admin_token": "token",
        "portal_dir": str(places.folder / "no-portal"),
    }


def console_settings(places: Places) -> ControlSettings:
    return ControlSettings.model_validate(console_document(places))
