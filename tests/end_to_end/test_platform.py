"""The platform on one machine: found again after every kill, unchanged by a second start, plain about what is wrong."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from control_plane.local.home import Home, free_ports
from control_plane.local.platform import Platform
from control_plane.local.process import Lock, Program, start
from device_bridge.simulator.push_clock import PushClock
from tests.conftest import DEVICE_NETWORKS, new_home
from tests.operator import Operator, until


def punctual(home: Path, *arguments: str, port: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run the console script as a person would."""
    environment = {**os.environ, "PUNCTUAL_HOME": str(home)}
    environment.pop("PUNCTUAL_PORT", None)
    if port:
        environment["PUNCTUAL_PORT"] = str(port)
    command = [str(Path(sys.executable).parent / "punctual"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def home() -> Iterator[Path]:
    place = new_home()
    yield place
    punctual(place, "down", "--erase")
    shutil.rmtree(place.parent)


def _pids(platform: Platform) -> dict[str, int | None]:
    return {part.name: part.pid for part in platform.status()}


async def test_everything_comes_back_after_every_process_was_killed(home: Path) -> None:
    first = punctual(home, "up", port=free_ports(1)[0])
    assert first.returncode == 0, first.stderr
    assert "punctual up --show-password" in first.stdout  # the password is for a terminal only
    platform = Platform(Home(home), device_networks=DEVICE_NETWORKS)
    platform.open(platform.home.load())
    operator = Operator.of(platform)
    async with operator.console() as console:
        await operator.onboard(console, "delta")
        client = await operator.client(console, "delta")
    clock = PushClock(client.push_url, "KILL0001", ca_file=operator.ca_file, error_delay=0.3, poll_seconds=1)
    async with operator.tenant(client) as api:
        document = {"device_serial": "KILL0001", "name": "Gate", "connection": "push"}
        assert (await api.post("/api/devices", json=document)).status_code == 201
        await clock.start()
        clock.punch("5", "2026-11-16 09:00:00")
        await clock.wait_until_sent(20)
    before = _pids(platform)
    assert all(before.values())

    second = punctual(home, "up")
    assert second.returncode == 0, second.stderr
    assert _pids(platform) == before

    # The keeper first: otherwise it may see the others die and be at work already when we are.
    for name in sorted(before, key=lambda name: name != "keeper"):
        pid = before[name]
        assert pid
        os.kill(pid, signal.SIGKILL)
    clock.punch("5", "2026-11-16 17:00:00")
    for name in before:
        owner, _, role = name.partition("/")
        lock = platform.components.files(owner, role).lock if role else None
        if lock:
            assert await Lock(lock).wait_free(5), name

    again = punctual(home, "up")
    assert again.returncode == 0, again.stderr
    assert all(_pids(platform).values())
    try:
        await clock.wait_until_sent(30)
    finally:
        await clock.stop()
    async with operator.tenant(client) as api:
        logs = (await api.get("/api/attendance/logs")).json()["items"]
        assert [log["local_time"] for log in logs] == ["2026-11-16 17:00:00", "2026-11-16 09:00:00"]

    stopped = punctual(home, "down")
    assert stopped.returncode == 0, stopped.stderr
    assert not any(_pids(platform).values())
    processes = psutil.process_iter(["pid", "cmdline"])
    assert [each.info for each in processes if str(home) in " ".join(each.info["cmdline"] or [])] == []


async def test_a_server_that_dies_comes_back_by_itself(platform: Platform, operator: Operator) -> None:
    victims = {"postgresql": platform.postgres.lock, "gateway": platform.gateway.lock}
    before = {name: lock.holder() for name, lock in victims.items()}
    # The keeper first: otherwise it may see the others die and be at work already when we are.
    for name in sorted(before, key=lambda name: name != "keeper"):
        pid = before[name]
        assert pid
        os.kill(pid, signal.SIGKILL)

    async def back() -> bool:
        now = {name: lock.holder() for name, lock in victims.items()}
        return all(now.values()) and not set(now.values()) & set(before.values())

    await until(back, seconds=30, what="PostgreSQL and the gateway alive again")

    async def answers() -> bool:
        try:
            async with operator.console() as console:
                return (await console.get("/organisations")).status_code == 200
        except (httpx.TransportError, AssertionError):  # it has its process again, and may not listen yet
            return False

    await until(answers, seconds=60, what="the console")


def test_files_are_readable_by_their_owner_alone(platform: Platform) -> None:
    """Except the binaries that PostgreSQL's own user runs, and the certificate of the gateway's authority."""
    root = platform.home.root
    open_to_others = [
        path
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077
        if not path.is_relative_to(root / "postgres" / "binaries") and path != platform.places.ca_file
    ]
    assert open_to_others == []


def test_no_log_holds_a_secret_of_the_platform(platform: Platform) -> None:
    secrets = {name: value for name, value in platform.state.model_dump().items() if isinstance(value, str)}
    assert len(secrets) == 9
    logs = [path for path in platform.home.logs.rglob("*") if path.is_file()]
    assert platform.home.logs / "keeper.log" in logs
    assert [(path, name) for path in logs for name, value in secrets.items() if value in path.read_text()] == []


def test_a_taken_port_is_named(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = punctual(home, "up", port=port)
    assert done.returncode == 1
    assert f"Port {port} is taken by another program" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_half_written_state_folder_is_named(home: Path) -> None:
    home.mkdir(parents=True)
    (home / "platform.json").write_text('{"ports": {"gate')
    done = punctual(home, "up")
    assert done.returncode == 1
    assert "platform.json cannot be read, so this state folder is damaged" in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


def test_data_without_its_passwords_is_not_overwritten(home: Path) -> None:
    (home / "postgres" / "data").mkdir(parents=True)
    (home / "postgres" / "data" / "PG_VERSION").write_text("18")
    done = punctual(home, "up")
    assert done.returncode == 1
    assert "with its passwords is missing" in done.stderr.replace("\n", " ")
    assert (home / "postgres" / "data" / "PG_VERSION").read_text() == "18"


def test_another_port_for_the_same_state_is_refused(platform: Platform) -> None:
    done = punctual(platform.home.root, "up", port=platform.state.ports.gateway + 1)
    assert done.returncode == 1
    assert f"was made for port {platform.state.ports.gateway}" in done.stderr.replace("\n", " ")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a small disk")
def test_a_full_disk_is_named(home: Path) -> None:
    home.mkdir(parents=True)
    mounted = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(home)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"this machine lets nobody mount: {mounted.stderr.decode().strip()}")
    try:
        done = punctual(home, "up")
    finally:
        subprocess.run(["/bin/umount", str(home)], check=True)
    assert done.returncode == 1
    assert "MB free and a new platform needs" in done.stderr.replace("\n", " ")


def test_status_of_no_platform_is_a_sentence(home: Path) -> None:
    done = punctual(home, "status")
    assert done.returncode == 1
    assert "There is no platform in" in done.stderr
    assert "Traceback" not in done.stderr


OLD_STATE = """{"ports":
{"gateway": 8443, "postgres": 1, "valkey": 2, "openbao": 3, "openbao_cluster": 4, "identity": 5},
"postgres_password": "a", "control_database_password": "b", "valkey_admin_password": "c",
"valkey_control_password": "d", "identity_token": "e", "identity_secret_key": "f", "console_client_secret": "g",
"cli_client_secret": "h", "operator_password": "i"}"""


@pytest.mark.parametrize("command", ["up", "demo", "status"])
def test_a_platform_of_an_earlier_version_is_refused_and_can_be_erased(home: Path, command: str) -> None:
    """Its document has no format number. A program of it that still runs is stopped by its lock."""
    data = home / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("18")
    (home / "platform.json").write_text(OLD_STATE)
    (home / "run").mkdir()
    old = Program("An old server", ("/bin/sleep", "300"), home, home / "old.log")
    lock = Lock(home / "run" / "valkey.lock")
    start(old, lock)
    before = {path: path.stat().st_mode for path in home.rglob("*")}

    done = punctual(home, command)
    assert done.returncode == 1
    sentence = " ".join(done.stderr.split())
    assert "was made by another development version and cannot be migrated" in sentence
    assert "remove it with `punctual down --erase`, or set PUNCTUAL_HOME to another folder" in sentence
    assert "Traceback" not in done.stderr
    (home / "up.lock").unlink(missing_ok=True)
    assert {path: path.stat().st_mode for path in home.rglob("*")} == before
    assert lock.holder()

    erased = punctual(home, "down", "--erase")
    assert erased.returncode == 0, erased.stderr
    assert not home.exists()
    assert lock.holder() is None
