"""An uploaded image into the PNG that is printed, by a process of its own."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass

from foundation.apart import start_apart
from foundation.errors import Invalid
from foundation.logs import get_logger
from tenant_stack.logo.render_process import BROKEN, MOST_BYTES, MOST_PIXELS_A_SIDE, NOT_AN_IMAGE, TOO_MANY_PIXELS

DRAWN_WITHIN_SECONDS = 20.0
HEAD = b"\x89PNG\r\n\x1a\n"
SENTENCES = {
    NOT_AN_IMAGE: ("logo_not_an_image", "The file is not a PNG or JPEG image"),
    TOO_MANY_PIXELS: ("logo_too_many_pixels", f"The image has more than {MOST_PIXELS_A_SIDE:,} pixels on a side"),
    BROKEN: ("logo_broken", "The image is damaged or incomplete and cannot be read"),
}


@dataclass(frozen=True)
class Drawn:
    """The PNG and its size in pixels."""

    content: bytes
    width: int
    height: int


def refusal(code: int) -> Invalid:
    """Why the image was not drawn, by the code with which the process ended."""
    name, sentence = SENTENCES.get(code, SENTENCES[BROKEN])
    return Invalid(name, sentence, field="file")


async def drawn_from(data: bytes, within_seconds: float = DRAWN_WITHIN_SECONDS) -> Drawn:
    """Draw the image anew; `Invalid` when it is none, too large, damaged or takes too long.

    When this is cancelled, the drawing process is killed.
    """
    if not data:
        raise Invalid("file_empty", "The file is empty", field="file")
    if len(data) > MOST_BYTES:
        raise Invalid("logo_too_large", "The file is larger than 1 MB", field="file")
    process = await start_apart("tenant_stack.logo.render_process")
    try:
        content, said = await asyncio.wait_for(process.communicate(data), within_seconds)
    except TimeoutError:
        raise Invalid("logo_too_slow", "The image takes too long to read", field="file") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0 or not content.startswith(HEAD):
        code = process.returncode or BROKEN
        if code not in (NOT_AN_IMAGE, TOO_MANY_PIXELS):
            get_logger().warning("logo.not_drawn", code=code, said=said.decode(errors="replace")[-500:])
        raise refusal(code)
    width, height = struct.unpack(">II", content[16:24])
    return Drawn(content, width, height)
