"""Text in files that people open with a spreadsheet: none of it is ever calculated.

A cell that begins like a formula is run by spreadsheets (OWASP, "CSV Injection"); an apostrophe in front makes it text.
Numbers and telephone numbers stay as they are: a payroll system must read ``-12.50`` and ``+971 50 123-4567``.
"""

from __future__ import annotations

import re

# The wide forms of = + - @ are taken for the narrow ones; spaces and line ends in front are passed over.
_BEGINS = "[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
FORMULA = re.compile(rf"\s*{_BEGINS}")
PLAIN = re.compile(r"-?\d+([.,]\d+)?|\+\d[\d ().-]*")
_KEPT = re.compile(rf"'(?=\s*{_BEGINS})")


def harmless(text: str) -> str:
    """A text that no spreadsheet will execute."""
    if FORMULA.match(text) and not PLAIN.fullmatch(text):
        return f"'{text}"
    return text


def as_meant(text: str) -> str:
    """The text that `harmless` was given."""
    return _KEPT.sub("", text, count=1) if text.startswith("'") else text
