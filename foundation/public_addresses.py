"""Where webhooks may go: public addresses over https, and nothing of our own network. Pure but for `resolve`.

A name is resolved once for each try, every address it has is checked, and the connection goes to a checked address:
a name that answers differently the second time (rebinding) gains nothing.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from foundation.errors import Invalid
from foundation.outbound import is_localhost_name

LOOPBACK = "127.0.0.1"
# RFC 6052 and RFC 8215: addresses that a NAT64 gateway turns into IPv4.
NAT64 = ip_network("64:ff9b::/96")
NAT64_LOCAL = ip_network("64:ff9b:1::/48")
TEREDO = ip_network("2001::/32")
# Global by their number, but answered by the machine's own cloud.
METADATA = {ip_address("168.63.129.16")}


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


def loopback_allowed(networks: list[IPv4Network | IPv6Network]) -> bool:
    """May webhooks go to this machine, over http too? In local mode only, whose device networks include loopback."""
    return any(ip_address(LOOPBACK) in network for network in networks)


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
    if loopback and (is_localhost_name(host) or _is_loopback(host)):
        return Target(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path)
    if parts.scheme != "https":
        raise _invalid("It begins with https://")
    if port not in (None, 443):
        raise _invalid("Only port 443")
    if is_localhost_name(host) or ("." not in host and ":" not in host):
        raise _invalid("This name is one of our own network")
    literal = _literal(host)
    if literal is None and host.replace(".", "").isdigit():
        raise _invalid("This is no address")
    if literal is not None and (why := forbidden(literal)):
        raise _invalid(why)
    return Target("https", host, 443, path)


async def resolve(target: Target, *, loopback: bool) -> str:
    """One address to connect to; `Refused` when any address of the name is not to be dialled."""
    if loopback and is_localhost_name(target.host):
        return LOOPBACK
    literal = _literal(target.host)
    found: list[IPv4Address | IPv6Address]
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
        why = forbidden(address)
        if why and not (loopback and literal is not None and address.is_loopback):
            raise Refused(why)
    return str(found[0])


def forbidden(address: IPv4Address | IPv6Address) -> str | None:
    """Why an address is not dialled, after what is wrapped into it is unwrapped; None when it may be."""
    if isinstance(address, IPv6Address):
        if address in NAT64_LOCAL or address in TEREDO:
            return "The address leads into a private network"
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return forbidden(inner)
    if address in METADATA or not address.is_global or address.is_multicast or address.is_reserved:
        return "The address is private, local or reserved"
    return None


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    literal = _literal(host)
    return literal is not None and literal.is_loopback


def _invalid(reason: str) -> Invalid:
    return Invalid("address_refused", reason, field="url")
