"""The writing process: a document and then rows as JSON lines on standard input, the file on standard output.

It has no network: every socket is refused before anything is read. Its memory goes with it, which is why PDF and XLSX
libraries are never loaded by the services.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

from tenant_stack.reports.columns import Line
from tenant_stack.reports.writers.document import Document


class NoNetwork(Exception):
    """Something in the writing process wanted to open a connection."""


def _refuse(event: str, _: tuple[Any, ...]) -> None:
    if event in ("socket.__new__", "socket.connect", "socket.getaddrinfo"):
        raise NoNetwork(event)


def _lines() -> Iterator[Line]:
    for text in sys.stdin.buffer:
        for level, *cells in json.loads(text):
            yield Line(level, tuple(cells))


def main() -> None:
    sys.addaudithook(_refuse)
    document = Document.read(json.loads(sys.stdin.buffer.readline()))
    output = sys.stdout.buffer
    if document.format == "csv":
        from tenant_stack.reports.writers import csv as writer

        writer.write(document, _lines(), output)
    elif document.format == "xlsx":
        from tenant_stack.reports.writers import xlsx

        xlsx.write(document, _lines(), output)
    else:
        from tenant_stack.reports.writers import pdf

        pdf.write(document, _lines(), output)
    output.flush()


if __name__ == "__main__":
    main()
