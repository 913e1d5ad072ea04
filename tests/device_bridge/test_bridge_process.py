"""The bridge as a process: settings, a start without side effects, readiness, and a clean end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from device_bridge.app import create_app
from device_bridge.pull.clock_counts import clock_offset
from device_bridge.settings import BridgeSettings

DOCUMENT: dict[str, object] = {
    "listen": "127.0.0.1:0",
    "organisation": "acme",
    "backend_url": "unix:/nowhere/backend.sock",
    "bridge_token": "t",
}


def test_importing_has_no_side_effects() -> None:
    code = """
import os, threading, sys
before = set(os.listdir("/proc/self/fd"))
import device_bridge.main, device_bridge.simulator.command
import asyncio
assert threading.active_count() == 1, threading.enumerate()
opened = [f"/proc/self/fd/{fd}" for fd in set(os.listdir("/proc/self/fd")) - before]
opened = [os.readlink(path) for path in opened if os.path.exists(path)]
assert not [name for name in opened if name.startswith(("socket", "anon_inode"))], opened
assert asyncio.events._get_running_loop() is None
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_it_announces_readiness_and_ends_on_sigterm(tmp_path: Path) -> None:
    document = {**DOCUMENT, "listen": f"unix:{tmp_path / 'bridge.sock'}"}
    code = (
        "import json, os, sys; from device_bridge.main import run; "
        "run(json.loads(sys.argv[1]), lambda: os.write(2, b'ready\\n'))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, json.dumps(document)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert process.stderr is not None
        assert process.stderr.readline() == b"ready\n"
        assert (tmp_path / "bridge.sock").is_socket()
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=15)
        # Uvicorn hands the signal on once it has finished.
        assert process.returncode in (0, -signal.SIGTERM)
        assert b"Traceback" not in errors
        lines = [json.loads(line) for line in output.decode().splitlines()]
        assert all(line["organisation"] == "acme" for line in lines)
    finally:
        process.kill()
        process.wait(10)


@pytest.mark.parametrize(
    ("written", "networks"),
    [
        (None, ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]),
        ("10.1.0.0/16, 127.0.0.0/8", ["10.1.0.0/16", "127.0.0.0/8"]),
        ('["10.1.0.0/16"]', ["10.1.0.0/16"]),
    ],
)
def test_device_networks_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, written: str | None, networks: list[str]
) -> None:
    monkeypatch.delenv("PUNCTUAL_DEVICE_NETWORKS", raising=False)
    if written is not None:
        monkeypatch.setenv("PUNCTUAL_DEVICE_NETWORKS", written)
    settings = BridgeSettings.model_validate(DOCUMENT)
    assert [str(network) for network in settings.device_networks] == networks


def test_a_host_name_is_no_network() -> None:
    with pytest.raises(ValidationError):
        BridgeSettings.model_validate({**DOCUMENT, "device_networks": ["localhost"]})


def test_the_document_of_the_interface_can_be_made() -> None:
    document = create_app(BridgeSettings.model_validate(DOCUMENT)).openapi()
    assert {
        "/internal/health",
        "/internal/terminals/refresh",
        "/internal/terminals/{serial}/sync",
        "/internal/terminals/{serial}/act",
        "/iclock/cdata",
        "/iclock/fdata",
        "/iclock/getrequest",
        "/iclock/devicecmd",
        "/iclock/ping",
        "/iclock/registry",
        "/iclock/push",
        "/iclock/rtdata",
        "/iclock/querydata",
    } == document["paths"].keys()


@pytest.mark.parametrize(
    ("shown", "zone", "true", "offset"),
    [
        ("2026-11-22 13:50:48", "Asia/Dubai", datetime(2026, 11, 22, 9, 50, 48, tzinfo=UTC), 0),
        ("2026-11-22 13:50:00", "Asia/Dubai", datetime(2026, 11, 22, 9, 50, 48, tzinfo=UTC), -48),
        # 01:30 comes twice in London on 25 October 2026: both passes are right.
        ("2026-10-25 01:30:10", "Europe/London", datetime(2026, 10, 25, 0, 30, 0, tzinfo=UTC), 10),
        ("2026-10-25 01:30:10", "Europe/London", datetime(2026, 10, 25, 1, 30, 0, tzinfo=UTC), 10),
        ("2000-01-01 00:00:00", "UTC", datetime(2026, 1, 1, tzinfo=UTC), -820540800),
        ("2026-11-22 13:50:48", "Mars/Base", datetime(2026, 11, 22, 9, 50, 48, tzinfo=UTC), None),
    ],
)
def test_the_offset_of_a_clock(shown: str, zone: str, true: datetime, offset: int | None) -> None:
    assert clock_offset(shown, zone, true) == offset
