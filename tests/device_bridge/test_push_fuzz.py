"""Nothing that a push clock can send makes the bridge fail: every route of both families, over HTTP, memory flat."""

from __future__ import annotations

import asyncio
import gzip
import io
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device_bridge.app import create_app
from device_bridge.settings import BridgeSettings
from tests.device_bridge.conftest import serving
from tests.device_bridge.recording_backend import TOKEN, RecordingBackend

EXPECTED = {200, 400, 403, 404, 405, 406, 413}
GROWTH_MB = 60
EXAMPLES = 500


class Forgetful(RecordingBackend):
    """Keeps nothing between requests, so that only the bridge's memory can grow."""

    def forget(self) -> None:
        for kept in (self.punches, self.users, self.templates, self.queue):
            kept.clear()
        for listed in (
            self.batches, self.rejected, self.contacts, self.leases, self.results, self.sources,
            self.template_batches, self.steps,
        ):  # fmt: skip
            listed.clear()


class Live:
    """A bridge and its back end in a thread of their own, for tests that are not asynchronous."""

    def __init__(self) -> None:
        self.backend = Forgetful()
        self.backend.known.update(("S1", "A1"))
        self.url = ""
        self._ready, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> Live:
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(20)

    async def _serve(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "backend.sock"
            document = {"listen": "127.0.0.1:0", "organisation": "acme", "backend_url": f"unix:{path}"}
            bridge = create_app(BridgeSettings.model_validate({**document, "bridge_token": TOKEN}))
            async with (
                serving(self.backend.app, uds=str(path)),
                serving(bridge, host="127.0.0.1", port=0) as server,
            ):
                self.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
                self._ready.set()
                await asyncio.to_thread(self._over.wait)


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with Live() as running:
        yield running


@pytest.fixture(scope="module")
def client(live: Live) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=live.url, timeout=30.0) as opened:
        yield opened


RENDERERS = st.sampled_from(
    [
        *(
            "7",
            "00042",
            "2026-11-22 09:50:48",
            "2026-02-31 00:00:00",
            "255",
            "-1",
            "99999999999",
            "",
            "\0",
            "=",
            "USER ",
        ),
        *("PIN=7", "Pin=7", "pin=7", "pin=0", "FP ", "FACE ", "BIODATA ", "OPLOG 4", "FID=1", "Size=4", "TMP=AAAA"),
        *("Tmp=AAAA", "Type=9", "MajorVer=40", "Valid=9", "time=2026-11-22 09:50:48", "event=0", "event=4014"),
        *(
            "inoutstatus=1",
            "verifytype=1",
            "verifytype=0000000000010000",
            "time_second=1",
            "ID=1",
            "&Return=",
            "&CMD=",
            "x",
        ),
        *(
            "AttlogSum=5",
            "user ",
            "templatev10 ",
            "~DeviceName=a,b=c",
            "MultiBioDataSupport=1:::x:1",
            "FPVersion=10.0.0",
        ),
        *("سارة", "张伟", "\ufeff", "\u2028", "DeviceType=acc", "Card=[15CD5B07]", "Card=[x", "=" * 40),
    ]
)
LINES = st.lists(st.lists(RENDERERS, max_size=10), max_size=6)
SEPARATORS = st.sampled_from(["\t", " ", ",", "", "&"])
ENDS = st.sampled_from(["\n", "\r\n", "\r", "\n\n"])
TEXTS = st.builds(lambda rows, separator, end: end.join(separator.join(row) for row in rows), LINES, SEPARATORS, ENDS)


def tarred(text: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("../../data")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    return packed.getvalue()


BODIES = st.one_of(
    TEXTS.map(str.encode),
    TEXTS.map(lambda text: text.encode("gb18030")),
    st.binary(max_size=120),
    TEXTS.map(lambda text: gzip.compress(text.encode())),
    TEXTS.map(lambda text: tarred(text.encode())),
    st.builds(lambda text, cut: gzip.compress(text.encode())[:cut], TEXTS, st.integers(0, 40)),
    st.binary(max_size=60).map(lambda rest: b"\x1f\x8b" + rest),
    st.binary(max_size=700).map(gzip.compress),
)
ROUTES = ["cdata", "cdata/", "CDATA.aspx", "getrequest", "devicecmd", "ping", "fdata", "registry", "push", "rtdata"]
PATHS = st.sampled_from([*ROUTES, "querydata", "file", "exchange", "x"])
TABLES = ["ATTLOG", "OPERLOG", "BIODATA", "options", "ATTPHOTO", "BIOPHOTO", "IDCARD", "ERRORLOG", "rtlog", "rtstate"]
TABLES += ["tabledata", "FACE", "USERINFO", "", "no such table", "ä" * 40]
QUERIES = st.fixed_dictionaries(
    {"SN": st.sampled_from(["S1", "S1", "S1", "A1", "A1", "stranger", "", "a b", "x" * 70])},
    optional={
        "table": st.sampled_from(TABLES),
        "type": st.sampled_from(["tabledata", "count", "options", "time", "x"]),
        "tablename": st.sampled_from(
            ["user", "transaction", "templatev10", "biodata", "biophoto", "a\nb", "", "x" * 99]
        ),
        "count": st.sampled_from(["1", "0", "-1", "99999999999", "x", "٣"]),
        "options": st.just("all"),
        "pushver": st.sampled_from(["2.4.1", "3.1.2", "", "x", "9" * 30]),
        "DeviceType": st.sampled_from(["att", "acc", "visitor"]),
        "INFO": TEXTS.map(lambda text: text[:80]),
        "cmdid": st.sampled_from(["1", "TZ1", "!", "x" * 99, "٣"]),
        "packcnt": st.sampled_from(["1", "2", ""]),
        "packidx": st.sampled_from(["1", "2", ""]),
        "Stamp": st.sampled_from(["9999", "None"]),
    },
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["GET", "POST", "POST", "POST"]), PATHS, QUERIES, BODIES, st.booleans())
def test_no_request_makes_the_bridge_fail(
    live: Live, client: httpx.Client, method: str, path: str, query: dict[str, str], body: bytes, cookie: bool
) -> None:
    headers = {"cookie": "token=0123456789abcdef"} if cookie else {}
    content = body if method == "POST" else None
    answer = client.request(method, f"/iclock/{path}", params=query, content=content, headers=headers)
    assert answer.status_code in EXPECTED, (answer.status_code, answer.text)
    assert answer.headers["content-type"].startswith("text/plain") or answer.status_code in (405, 413)
    if query["SN"] == "stranger":
        assert answer.status_code != 200, "a stranger's data would be lost"
    live.backend.forget()


def test_no_bomb_and_no_flood_is_kept_in_memory(live: Live, client: httpx.Client) -> None:
    bomb = gzip.compress(bytes(200_000_000), 9)
    assert len(bomb) < 1_000_000
    line = "7\t2026-11-22 09:50:48\t0\t1\t0\t0\t0\n"
    template = f"FP PIN=7\tFID=1\tSize=1600\tValid=1\tTMP={'AAAA' * 400}\n"
    bodies = [
        ("ATTLOG", bomb, 400),
        ("ATTLOG", tarred(bytes(4_000_000))[:-8], 400),
        ("ATTLOG", (line * 3000).encode(), 200),
        ("OPERLOG", (template * 200).encode(), 200),
        ("BIODATA", b"\0" * 900_000, 200),
        ("ATTPHOTO", b"PIN=1.jpg\n\0" + b"\xff\xd8" * 300_000, 200),
        ("no such table", b"x" * 900_000, 200),
    ]
    process, sizes = psutil.Process(), []
    for _ in range(8):
        for table, body, status in bodies:
            answer = client.post(f"/iclock/cdata?SN=S1&table={table}", content=body)
            assert answer.status_code == status, (table, answer.text)
            live.backend.forget()
        sizes.append(process.memory_info().rss / 1024**2)
    assert sizes[-1] - sizes[1] < GROWTH_MB, sizes
