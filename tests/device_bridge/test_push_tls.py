"""A push clock over TLS, at a ``.localhost`` name that only the URL knows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

from device_bridge.simulator.push_line import PushLine, Refused
from foundation.clock import utc_now
from tests.device_bridge.conftest import serving

HOST = "acme.devices.localhost"


def certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """A self-signed certificate for one name, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(utc_now() - timedelta(hours=1))
        .not_valid_after(utc_now() + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file


@pytest.fixture
async def tls(tmp_path: Path) -> AsyncIterator[tuple[int, Path]]:
    """A server that echoes the Host header and the query; its port and the authority to trust."""
    app = FastAPI()

    @app.get("/iclock/cdata")
    async def echo(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"{request.headers['host']} {request.url.query}")

    trusted, key = certificate(tmp_path, HOST)
    async with serving(app, host="127.0.0.1", port=0, ssl_certfile=str(trusted), ssl_keyfile=str(key)) as server:
        yield server.servers[0].sockets[0].getsockname()[1], trusted


async def test_the_name_in_the_url_is_verified_and_sent(tls: tuple[int, Path]) -> None:
    port, trusted = tls
    line = PushLine(f"https://{HOST}:{port}", trusted)
    answer = await line.get("/iclock/cdata", {"SN": "S1"})
    await line.close()
    assert answer.text == f"{HOST}:{port} SN=S1"
    assert answer.date


async def test_another_name_or_no_trust_is_refused(tls: tuple[int, Path]) -> None:
    port, trusted = tls
    for host, ca_file in (("globex.devices.localhost", trusted), (HOST, None)):
        line = PushLine(f"https://{host}:{port}", ca_file)
        with pytest.raises(Refused, match="does not answer"):
            await line.get("/iclock/cdata", {"SN": "S1"})
        await line.close()


def test_an_address_is_an_address() -> None:
    for wrong in ("acme", "ftp://acme.localhost", "https://"):
        with pytest.raises(ValueError, match="is no address"):
            PushLine(wrong, None)
