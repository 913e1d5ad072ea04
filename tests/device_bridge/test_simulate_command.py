"""``punctual simulate``: files, refusals in one sentence, punches by hand, and a clean end."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from device_bridge.simulator.command import app
from device_bridge.simulator.csv_files import read_log, read_users
from device_bridge.simulator.memory import SimulatedPunch, SimulatedUser


def test_files_with_and_without_a_header(tmp_path: Path) -> None:
    users, logs = tmp_path / "users.csv", tmp_path / "logs.csv"
    users.write_text('pin,name,card,privilege\n00042,"Ünal, Aïda",123,14\n\n7,Bo\n', encoding="utf-8")
    logs.write_text("00042,2026-11-22 09:50:48,1,15\r\n7,2026-11-22 09:50:49\r\n", encoding="utf-8-sig")
    assert read_users(users) == [SimulatedUser("00042", "Ünal, Aïda", 123, 14), SimulatedUser("7", "Bo")]
    assert read_log(logs) == [
        SimulatedPunch("00042", "2026-11-22 09:50:48", 1, 15),
        SimulatedPunch("7", "2026-11-22 09:50:49", 0, 1),
    ]


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        ("--users", "pin,name\n1,Bo,x", "line 2: the card 'x' is no number"),
        ("--users", "1,Bo,1,3", "line 1: the privilege 3 is none of"),
        ("--users", ",Bo", "line 1: the PIN must be"),
        ("--users", "1,Bo\n1,Cy", "the PIN 1 appears twice"),
        ("--users", "1,Bo,0,0,9", "line 1: 5 fields"),
        ("--logs", "1,2026-02-31 00:00:00,0,1", "line 1: '2026-02-31 00:00:00' is no real time"),
        ("--logs", "1", "line 1: 1 fields"),
        ("--logs", "1,2026-11-22 00:00:00,256,1", "line 1: the status '256' is no number"),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence(tmp_path: Path, kind: str, text: str, reason: str) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["terminal", "--port", "0", "--serial", "T1", kind, str(file)])
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert str(file) in result.stderr
    assert reason in result.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["terminal", "--port", "0", "--serial", "T1", "--profile", "zk9"], "flaky, full, keyed, refusing, slow, vl"),
        (["terminal", "--port", "0", "--serial", "T1", "--users", "/nowhere.csv"], "cannot be read"),
        (["terminal", "--port", "0", "--serial", "T1", "--zone", "Mars/Base"], "Mars/Base"),
        (
            ["push", "--url", "http://127.0.0.1:1", "--serial", "S1", "--profile", "acc"],
            "acc-3.1, att-2.4, att-bio, att-legacy",
        ),
        (["push", "--url", "acme", "--serial", "S1", "--profile", "att-2.4"], "is no address"),
        (["push", "--url", "https://a.localhost", "--serial", "S1", "--ca-file", "/nowhere.pem"], "no such file"),
    ],
)
def test_refusals(arguments: list[str], reason: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_taken_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(app, ["terminal", "--port", str(port), "--serial", "T1"])
    assert result.exit_code == 2
    assert "cannot start" in result.stderr


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_punches_by_hand_until_a_signal(how: signal.Signals, tmp_path: Path) -> None:
    users = tmp_path / "users.csv"
    users.write_text("7,Bo\n", encoding="utf-8")
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", "from device_bridge.simulator.command import app; app()"),
            *("terminal", "--port", "0", "--serial", "T1", "--profile", "zk8", "--users", str(users)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        assert "listening on 127.0.0.1 port" in process.stdout.readline()
        process.stdin.write("nonsense\npunch 7\npunch 7 1\n")
        process.stdin.flush()
        assert "7 punched" in process.stdout.readline()
        assert "status 1" in process.stdout.readline()
        process.send_signal(how)
        output, errors = process.communicate(timeout=10)
        assert process.returncode == 0
        assert output == "T1: switched off\n"
        assert errors == "Say: punch PIN [STATUS]\n"
    finally:
        process.kill()
        process.wait(10)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("explode", "choose from checksum, delay, drop"), ("drop:0", "a number from 1"), ("drop:x", "a number from 1")],
)
def test_a_fault_that_is_none_is_refused(fault: str, reason: str) -> None:
    result = CliRunner().invoke(app, ["terminal", "--port", "0", "--serial", "T1", "--fault", fault])
    assert result.exit_code == 2
    assert reason in result.stderr
    assert len(result.stderr.splitlines()) == 1
