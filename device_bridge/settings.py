"""Settings of one organisation's bridge. Seconds throughout, unless a name says otherwise."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from foundation.settings import ServiceSettings

PRIVATE_NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")


class BridgeSettings(ServiceSettings):
    """``backend_url`` is ``unix:/path`` or ``http(s)://host:port``.

    ``device_networks`` (``PUNCTUAL_DEVICE_NETWORKS``, a JSON or comma list) bounds which addresses are dialled; the
    default is the private ranges, and only local mode adds loopback.
    """

    organisation: str
    backend_url: str
    bridge_token: SecretStr
    device_networks: Annotated[list[IPv4Network | IPv6Network], NoDecode] = Field(
        default_factory=lambda: [ip_network(text) for text in PRIVATE_NETWORKS]
    )

    backend_timeout: float = Field(default=30.0, gt=0)
    error_delay: int = Field(default=30, ge=1, le=300, description="How long a push clock waits after a failure")

    connect_timeout: float = Field(default=5.0, gt=0)
    answer_timeout: float = Field(default=15.0, gt=0, description="Longest wait for one answer of a pull clock")
    conversation_deadline: float = Field(default=180.0, gt=0, description="Longest read or write of a pull clock")
    sync_deadline: float = Field(default=200.0, gt=0, description="Longest wait of a requested read")
    poll_interval: float = Field(default=30.0, gt=0, description="How often counts and time of a pull clock are read")
    list_interval: float = Field(default=30.0, gt=0, description="How often the list of pull clocks is re-read")
    backoff_base: float = Field(default=1.0, gt=0)
    backoff_cap: float = Field(default=300.0, gt=0)
    conversations: int = Field(default=16, ge=1, le=64, description="Pull clocks that may be read at the same time")

    @field_validator("device_networks", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [part.strip(' "[]') for part in value.split(",") if part.strip(' "[]')]
        return value
