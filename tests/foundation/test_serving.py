"""A service as a process: how it begins and ends, what it logs, and bodies that are too large, over a real socket."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.foundation.web_program import PERSON


class Service:
    def __init__(self, path: Path) -> None:
        self.path = path
        program = [sys.executable, "-m", "tests.foundation.web_program", str(path)]
        self.process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
        self.client = httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), base_url="http://service", timeout=30)
        self.wait_for("ready")

    def wait_for(self, wanted: str) -> None:
        while self.line() != wanted:
            pass

    def line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the service has ended"
        return line.strip()

    def access_line(self) -> dict[str, Any]:
        while True:
            line: dict[str, Any] = json.loads(self.line())
            if line["event"] == "request":
                return line

    def close(self) -> None:
        self.client.close()
        self.process.terminate()
        self.process.communicate()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    started = Service(tmp_path_factory.mktemp("service") / "s")
    yield started
    started.close()


def test_only_its_owner_may_connect_and_a_running_request_is_finished(tmp_path: Path) -> None:
    service = Service(tmp_path / "s")
    assert stat.S_IMODE(service.path.stat().st_mode) == 0o600
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(service.client.get, "/slow")
        service.wait_for("slow began")
        service.process.terminate()
        assert running.result().json() == "done"
    service.close()
    assert service.process.returncode in {0, -signal.SIGTERM}


def test_each_request_has_one_line_without_personal_data(service: Service) -> None:
    headers = {"authorization": "Bearer good", "x-correlation-id": "abcdef12"}
    service.client.get("/entries/secret-id?q=secret-query", headers=headers)
    line = service.access_line()
    assert line.pop("milliseconds") >= 0
    assert line.pop("timestamp")
    assert line == {
        "event": "request",
        "level": "info",
        "service": "test",
        "organisation": "acme",
        "method": "GET",
        "route": "/entries/{id}",
        "status": 200,
        "principal": "user:42",
        "correlation_id": "abcdef12",
    }
    assert PERSON not in json.dumps(line)


def test_failures_are_logged_with_code_and_field_names(service: Service) -> None:
    service.client.post("/entries", json={"name": 1, "passport_number": "X123"})
    line = service.access_line()
    assert (line["status"], line["problem"]) == (422, "invalid_input")
    assert line["invalid_fields"] == ["name", "passport_number"]
    assert "X123" not in json.dumps(line)
    service.client.post("/entries", json={"name": "fault"})
    assert service.access_line()["status"] == 500
    service.client.get("/nothing/secret")
    line = service.access_line()
    assert (line["status"], line["route"]) == (404, None)


def test_requests_of_clocks_are_logged_only_when_refused(service: Service) -> None:
    assert service.client.post("/iclock/cdata", content=b"x").status_code == 200
    assert (service.client.post("/iclock/cdata", content=b"x" * 2000)).status_code == 413
    line = service.access_line()
    assert (line["route"], line["status"]) == ("/iclock/cdata", 413)


@pytest.mark.parametrize("path", ["/entries", "/large"])
def test_a_large_body_in_chunks_is_refused_in_words(service: Service, path: str) -> None:
    answer = service.client.post(
        path, content=(b"x" * 100_000 for _ in range(200)), headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "http_413")
    assert "larger than" in answer.json()["detail"]
