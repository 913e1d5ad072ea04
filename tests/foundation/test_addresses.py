"""Which addresses are taken from people and dialled: no form of this machine or of our own networks among them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.addresses import Refused, Target, device_address, forbidden, loopback_allowed, read_url, resolve
from foundation.errors import Invalid
from foundation.outbound import http_client, is_localhost_name

NETWORKS = [ip_network(text) for text in ("192.168.0.0/16", "10.0.0.0/8", "127.0.0.0/8", "fd00::/8")]
PREFIXES = ["::", "::ffff:0:0", "64:ff9b::"]
PRIVATE = [
    *(
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.170",
    ),
    *("192.0.2.1", "192.168.1.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
]


def wrapped(inner: IPv4Address) -> list[str]:
    """Every form of IPv6 that carries an IPv4 address."""
    sixtofour = IPv6Address((0x2002 << 112) | (int(inner) << 80))
    local_nat64 = IPv6Address(int(IPv6Address("64:ff9b:1::")) | int(inner))
    teredo = IPv6Address(int(IPv6Address("2001::")) | (int(inner) ^ 0xFFFFFFFF))
    return [str(each) for each in (*(IPv6Address(int(IPv6Address(p)) | int(inner)) for p in PREFIXES), sixtofour)] + [
        str(local_nat64),
        str(teredo),
        f"::ffff:{inner}",
    ]


@given(st.ip_addresses(v=4).filter(lambda each: int(each) > 1))
def test_no_wrapped_address_is_taken(inner: IPv4Address) -> None:
    for text in wrapped(inner):
        with pytest.raises(Invalid):
            device_address(text, NETWORKS)
        for loopback in (False, True):
            with pytest.raises(Invalid):
                read_url(f"https://[{text}]/", loopback=loopback)
            with pytest.raises(Refused):
                asyncio.run(resolve(Target("https", text, 443, "/"), loopback=loopback))


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_dialled_in_any_form(address: str) -> None:
    assert forbidden(ip_address(address)) is not None
    for text in wrapped(IPv4Address(address)):
        assert forbidden(ip_address(text)) is not None, text


@pytest.mark.parametrize("address", ["::1", "::", "fe80::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"])
def test_private_addresses_of_ipv6_are_not_dialled(address: str) -> None:
    assert forbidden(ip_address(address)) is not None


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"]
)
def test_public_addresses_are_dialled(address: str) -> None:
    assert forbidden(ip_address(address)) is None


@pytest.mark.parametrize("loopback", [False, True])
@pytest.mark.parametrize(
    "url",
    [
        *("http://example.com/", "ftp://example.com/", "https://", "example.com", "https://example.com:8443/"),
        *("https://user:pw@example.com/", "https://10.0.0.1/", "https://[::1]/", "http://[::1]:8200/", "https://[::]/"),
        *("https://2130706433/", "https://0x7f000001/", "https://127.1/", "https://0x7f.1/", "https://0177.0.0.1/"),
        *("https://127.0.0.0x1/", "https://example.1/", "https://[fe80::1%25eth0]/", "https://[fd00::1]/"),
        *("https://redis/", "https://exa mple.com/", "https://exämple.com/", "https://example.com\\@127.0.0.1/"),
        *("https://１２７.0.0.1/", "https://example.com:99999/", "https://169.254.169.254/latest/meta-data"),
    ],
)
def test_urls_that_are_refused(url: str, loopback: bool) -> None:
    with pytest.raises(Invalid) as caught:
        read_url(url, loopback=loopback)
    assert (caught.value.code, caught.value.field) == ("address_refused", "url")


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://localhost/", "http://a.localhost:8080/"])
def test_this_machine_only_in_local_mode(url: str) -> None:
    assert read_url(url, loopback=True).scheme == url.partition(":")[0]
    with pytest.raises(Invalid):
        read_url(url, loopback=False)


def test_parts_of_a_url() -> None:
    assert read_url("http://127.0.0.1:8080/x?y=1", loopback=True).path == "/x?y=1"
    assert read_url("https://hooks.example.com./a", loopback=False).authority == "hooks.example.com"
    assert read_url("https://[2606:4700::1111]/a", loopback=False).authority == "[2606:4700::1111]"
    assert loopback_allowed([ip_network("127.0.0.0/8")])
    assert not loopback_allowed([ip_network("192.168.0.0/16"), ip_network("fd00::/8")])


@given(st.text(max_size=60), st.booleans())
def test_no_text_breaks_the_reader_of_urls(text: str, loopback: bool) -> None:
    with contextlib.suppress(Invalid):
        assert read_url(text, loopback=loopback).host


async def test_every_address_of_a_name_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [["8.8.8.8"], ["8.8.8.8", "10.0.0.5"], ["::ffff:127.0.0.1"], ["fe80::1%eth0"], ["64:ff9b::808:808"]]

    async def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in answers.pop(0)]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    target = read_url("https://hooks.example.com/", loopback=True)
    assert await resolve(target, loopback=True) == "8.8.8.8"
    for _ in range(3):
        with pytest.raises(Refused):
            await resolve(target, loopback=True)
    assert await resolve(target, loopback=False) == "64:ff9b::808:808"


@pytest.mark.parametrize(("text", "plain"), [("192.168.1.201", "192.168.1.201"), ("FD00:0::1", "fd00::1")])
def test_addresses_of_clocks(text: str, plain: str) -> None:
    assert str(device_address(text, NETWORKS)) == plain


@pytest.mark.parametrize(
    "text",
    [
        *("127.0.0.1; touch x", "$(id)", "localhost", "redis", "clock.example.com"),
        *("127.1", "2130706433", "0x7f000001", "192.168.001.001", "0300.0250.1.1"),
        *("192.168.1.1/24", " 192.168.1.1", "192.168.1.1\n", "１９２.168.1.1", ""),
        *("169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "fd00::1%eth0", "[::ffff:127.0.0.1]"),
    ],
)
def test_addresses_of_clocks_that_are_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        device_address(text, NETWORKS)
    assert refusal.value.field == "ip_address"


async def test_localhost_names_are_dialled_on_loopback_under_their_name() -> None:
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, http_client() as client:
        found = await client.get(f"http://acme.localhost:{port}/")
    assert found.status_code == 302  # not followed
    assert found.request.url.host == "acme.localhost"
    assert f"host: acme.localhost:{port}".encode() in heads[0].lower()
    assert [is_localhost_name(each) for each in ("localhost", "a.localhost", "localhost.com", "xlocalhost")] == [
        True,
        True,
        False,
        False,
    ]


async def test_a_server_that_is_silent_is_left() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server, http_client(timeout=0.2) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get(f"http://localhost:{server.sockets[0].getsockname()[1]}/")
