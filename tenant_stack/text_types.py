"""Types of entered text, shared by every form: lengths, printable characters, e-mail addresses, zones."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from foundation.clock import zone
from foundation.errors import Invalid

# No control characters: names are sent to devices as lines of text.
PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
EMAIL = r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+$"


def _none_if_blank(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _known_zone(value: str) -> str:
    try:
        zone(value)
    except Invalid as error:
        raise ValueError(error.detail) from error
    return value


Text = StringConstraints(strip_whitespace=True, min_length=1, pattern=PRINTABLE)
Text40 = Annotated[str, Text, Field(max_length=40)]
Text64 = Annotated[str, Text, Field(max_length=64)]
Text120 = Annotated[str, Text, Field(max_length=120)]
Text200 = Annotated[str, Text, Field(max_length=200)]
Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254, pattern=EMAIL)]
# Codes are parts of field paths and of trace lines: no spaces, no dots.
Code = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\s.\x00-\x1f\x7f]+$"),
    Field(max_length=40),
]
Notes = Annotated[str, Field(max_length=4000, pattern=r"^[^\x00]*$")]
ZoneName = Annotated[str, Field(max_length=64, description="IANA zone of the site"), AfterValidator(_known_zone)]
# An empty field of a form means "none".
BlankIsNone = BeforeValidator(_none_if_blank)
