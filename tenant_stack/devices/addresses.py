"""Where a pull clock may live: an IP address written out, inside the networks that this installation allows.

No names: a name can be made to mean another address later. Addresses that hide an IPv4 address in an IPv6 one are
unwrapped first, so that none slips by.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network

from foundation.errors import Invalid

Network = IPv4Network | IPv6Network


def device_address(text: str, networks: Sequence[Network]) -> str:
    """The address in its plain form; raises `Invalid` naming the field ``ip_address``."""
    address = _parse(text)
    if address is None:
        raise Invalid(
            "invalid_address", "Write the clock's IP address as numbers, such as 192.168.1.201", field="ip_address"
        )
    if not any(address in network for network in networks if network.version == address.version):
        raise Invalid(
            "address_not_allowed", f"{address} is not in a network that clocks may be in here", field="ip_address"
        )
    return str(address)


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    """Strict: ASCII, four decimal numbers without leading zeros, or IPv6 without a zone; nothing around it."""
    if not text.isascii() or "%" in text:
        return None
    try:
        return IPv4Address(text)
    except AddressValueError:
        pass
    try:
        address = IPv6Address(text)
    except AddressValueError:
        return None
    return address.ipv4_mapped or address.sixtofour or _nat64(address) or address


def _nat64(address: IPv6Address) -> IPv4Address | None:
    """RFC 6052: the well-known prefix carries an IPv4 address in its last 32 bits."""
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in IPv6Network("64:ff9b::/96") else None
