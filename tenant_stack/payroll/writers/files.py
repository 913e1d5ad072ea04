"""A sheet as the bytes of its file."""

from __future__ import annotations

from dataclasses import dataclass

from tenant_stack.payroll.mapping import Sheet
from tenant_stack.payroll.writers.delimited import delimited, fixed
from tenant_stack.payroll.writers.systems import sage_imp, tally_xml, xero_json

_WRITERS = {
    "delimited": delimited,
    "fixed": fixed,
    "sage_imp": sage_imp,
    "tally_xml": tally_xml,
    "xero_json": xero_json,
}
_KINDS = {"delimited": "text/csv", "tally_xml": "application/xml", "xero_json": "application/json"}


@dataclass(frozen=True, slots=True)
class File:
    """``lost``: characters that the encoding does not have; each became a question mark."""

    name: str
    media_type: str
    content: bytes
    lost: int


def written_file(sheet: Sheet) -> File:
    """The file of a sheet."""
    definition = sheet.definition
    text = _WRITERS[definition.layout](sheet)
    lost = 0
    if definition.encoding == "cp1252":
        lost = sum(1 for letter in text if letter > "\x7f" and not letter.encode("cp1252", "ignore"))
    charset = {"utf-8-sig": "utf-8", "cp1252": "windows-1252"}.get(definition.encoding, definition.encoding)
    kind = _KINDS.get(definition.layout, "text/plain")
    media = kind if kind == "application/json" else f"{kind}; charset={charset}"
    return File(sheet.file_name, media, text.encode(definition.encoding, "replace"), lost)
