"""Addresses that organisations enter, and which of them are dialled. Pure but for `resolve`.

Webhooks and sign-in providers are public addresses over https; clocks are in the networks that the installation allows.
A name is resolved once for each request, every address it has is checked, and the connection goes to a checked address:
a name that resolves differently the second time (DNS rebinding) gains nothing. An IPv6 address that carries an IPv4
address is refused as input whatever it carries; from a name server (DNS64) it is judged by what it carries.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from foundation.errors import Invalid
from foundation.outbound import LOOPBACK, is_localhost_name

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Their last 32 bits are an IPv4 address: IPv4-compatible (RFC 4291, 2.5.5.1) and NAT64 (RFC 6052).
EMBEDDING = (IPv6Network("::/96"), IPv6Network("64:ff9b::/96"))
# NAT64 for local use (RFC 8215) and Teredo (RFC 4380): where they lead is not to be seen in the address.
TUNNELS = (IPv6Network("64:ff9b:1::/48"), IPv6Network("2001::/32"))
# Global by their number, but answered by the machine's own cloud.
METADATA = {ip_address("168.63.129.16")}
# A host whose last label is one of these is an IPv4 address to some resolvers (inet_aton): 127.1, 0x7f.1, 2130706433.
NUMBER = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)
PRIVATE = "The address is private, local or reserved"


class Refused(Exception):
    """An address that is not dialled; the text is for people."""


@dataclass(frozen=True, slots=True)
class Target:
    """A checked form of a URL. ``host`` is a name, or an address literal without brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The Host header."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if (self.scheme, self.port) in (("https", 443), ("http", 80)) else f"{name}:{self.port}"


def loopback_allowed(networks: Sequence[Network]) -> bool:
    """May webhooks go to this machine, over http too? In local mode only, whose device networks include loopback."""
    return any(ip_address(LOOPBACK) in network for network in networks)


def device_address(text: str, networks: Sequence[Network]) -> Address:
    """The address of a clock, in one of the networks that this installation allows. `Invalid` names the field
    ``ip_address``. Names are refused: a name can be made to mean another address later."""
    address = _literal(text)
    if address is None:
        raise Invalid(
            "invalid_address", "Write the clock's IP address as numbers, such as 192.168.1.201", field="ip_address"
        )
    if _is_wrapped(address) or not any(address in network for network in networks):
        raise Invalid(
            "address_not_allowed", f"{address} is not in a network that clocks may be in here", field="ip_address"
        )
    return address


def read_url(url: str, *, loopback: bool) -> Target:
    """The parts of a URL that may be dialled. `Invalid` says why not. ``loopback``: this machine may be, over http."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _invalid("This is no address") from error
    if any(letter <= " " or letter == "\\" or letter > "\x7e" for letter in url):
        raise _invalid("Letters, digits and punctuation only; write other names in their xn-- form")
    if parts.username is not None or parts.password is not None:
        raise _invalid("No user name or password in the address: deliveries are signed")
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise _invalid("It begins with https://")
    host = parts.hostname.rstrip(".")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if loopback and is_local(host):
        return Target(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path)
    if parts.scheme != "https":
        raise _invalid("It begins with https://")
    if port not in (None, 443):
        raise _invalid("Only port 443")
    if reason := refused_host(host):
        raise _invalid(reason)
    return Target("https", host, 443, path)


def is_local(host: str) -> bool:
    """Does this host of a URL mean this machine? Names of RFC 6761 and IPv4 loopback; other forms are refused."""
    address = _literal(host)
    return is_localhost_name(host) or (isinstance(address, IPv4Address) and address.is_loopback)


def refused_host(host: str) -> str | None:
    """Why the host of a URL is refused before it is resolved; None when it may be resolved."""
    if is_localhost_name(host) or ("." not in host and ":" not in host):
        return "This name is one of our own network"
    address = _literal(host)
    if address is None:
        return "This is no address" if ":" in host or NUMBER.fullmatch(host.rpartition(".")[2]) else None
    return PRIVATE if _is_wrapped(address) else forbidden(address)


async def resolve(target: Target, *, loopback: bool) -> str:
    """One address to connect to; `Refused` when any address of the name is not to be dialled."""
    if loopback and is_localhost_name(target.host):
        return LOOPBACK
    literal = _literal(target.host)
    if literal is not None:
        found = [literal]
    else:
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise Refused("The name cannot be resolved") from error
        found = [ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers]
    if not found:
        raise Refused("The name has no address")
    for address in found:
        why = PRIVATE if literal and _is_wrapped(address) else forbidden(address)
        if why and not (loopback and is_local(target.host)):
            raise Refused(why)
    return str(found[0])


def forbidden(address: Address) -> str | None:
    """Why an address is not dialled, judged by the IPv4 address that it carries if any; None when it may be."""
    if isinstance(address, IPv6Address):
        if any(address in tunnel for tunnel in TUNNELS):
            return "The address leads into a private network"
        if carried := _carried(address):
            return forbidden(carried)
    if address in METADATA or not address.is_global or address.is_multicast or address.is_reserved:
        return PRIVATE
    return None


def _carried(address: IPv6Address) -> IPv4Address | None:
    if any(address in network for network in EMBEDDING) and int(address) > 1:  # not :: and ::1
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _is_wrapped(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return False
    return _carried(address) is not None or any(address in tunnel for tunnel in TUNNELS)


def _literal(host: str) -> Address | None:
    """Strict: four decimal numbers without leading zeros, or IPv6 without a zone; nothing around it."""
    try:
        return None if "%" in host else ip_address(host)
    except ValueError:
        return None


def _invalid(reason: str) -> Invalid:
    return Invalid("address_refused", reason, field="url")
