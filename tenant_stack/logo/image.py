"""Renders an uploaded image as the PNG that is printed, in a separate process."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass

from foundation.apart import start_apart
from foundation.errors import Invalid
from foundation.logs import get_logger
from tenant_stack.logo.render_process import BROKEN, MOST_BYTES, MOST_PIXELS_A_SIDE, NOT_AN_IMAGE, TOO_MANY_PIXELS

RENDER_SECONDS = 20.0
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
ERRORS = {
    NOT_AN_IMAGE: ("logo_not_an_image", "The file is not a PNG or JPEG image"),
    TOO_MANY_PIXELS: ("logo_too_many_pixels", f"The image has more than {MOST_PIXELS_A_SIDE:,} pixels on a side"),
    BROKEN: ("logo_broken", "The image is damaged or incomplete and cannot be read"),
}


@dataclass(frozen=True)
class RenderedLogo:
    """The PNG and its size in pixels."""

    content: bytes
    width: int
    height: int


def render_error(code: int) -> Invalid:
    """Why the image was not rendered, by the exit code of the process."""
    name, sentence = ERRORS.get(code, ERRORS[BROKEN])
    return Invalid(name, sentence, field="file")


async def render_logo(data: bytes, within_seconds: float = RENDER_SECONDS) -> RenderedLogo:
    """Render the image; `Invalid` when it is none, too large, damaged or takes too long.

    When this is cancelled, the rendering process is killed.
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
    if process.returncode != 0 or not content.startswith(PNG_SIGNATURE):
        code = process.returncode or BROKEN
        if code not in (NOT_AN_IMAGE, TOO_MANY_PIXELS):
            get_logger().warning("logo.not_drawn", code=code, said=said.decode(errors="replace")[-500:])
        raise render_error(code)
    width, height = struct.unpack(">II", content[16:24])
    return RenderedLogo(content, width, height)
