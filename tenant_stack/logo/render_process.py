"""The rendering process: a PNG or JPEG on standard input, a plain PNG on standard output.

It opens no socket, writes no file and has little memory, so that a hostile image affects this process only. Only the
pixels are copied: metadata (places, names, hidden text, colour profiles) and trailing data are dropped.
"""

from __future__ import annotations

import io
import resource
import sys
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_BYTES = 1_000_000
MOST_PIXELS_A_SIDE = 4_000
WIDTH, HEIGHT = 720, 240
SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
# 4,000 × 4,000 pixels of four bytes are 64 MB; turning and shrinking them wants that a few times.
MEMORY_BYTES = 768 * 1024 * 1024
CPU_SECONDS = 15
# Exit codes with a known reason.
NOT_AN_IMAGE, TOO_MANY_PIXELS, BROKEN = 10, 11, 12


class SandboxViolation(Exception):
    """Something in the rendering process tried to open a connection or to start a program."""


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event.startswith(("socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.fork", "os.system")):
        raise SandboxViolation(event)


def enter_sandbox() -> None:
    """Give up the rights that rendering does not need, irrevocably."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    for limit in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        resource.setrlimit(limit, (0, 0))
    sys.addaudithook(_refuse)


def _eight_bit(image: Image) -> Image:
    """The picture in eight bits a colour, with transparency where it has any."""
    if image.mode.startswith("I"):
        # Sixteen bits of grey: a plain conversion would cut all but the darkest off.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def render(data: bytes) -> bytes:
    """The image upright, within `WIDTH` × `HEIGHT`, proportions kept, as a PNG. Exits with a code above on failure."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=("PNG", "JPEG"))
    except UnidentifiedImageError:
        sys.exit(BROKEN if data.startswith(SIGNATURES) else NOT_AN_IMAGE)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        sys.exit(TOO_MANY_PIXELS)
    if max(image.size) > MOST_PIXELS_A_SIDE:
        sys.exit(TOO_MANY_PIXELS)
    image.load()
    upright = _eight_bit(ImageOps.exif_transpose(image))
    upright.thumbnail((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    # Pixels only: an image remembers more of its file than it shows.
    plain = Image.frombytes(upright.mode, upright.size, upright.tobytes())
    rendered = io.BytesIO()
    plain.save(rendered, "PNG", optimize=True)
    return rendered.getvalue()


def main() -> None:
    data = sys.stdin.buffer.read(MOST_BYTES + 1)
    enter_sandbox()
    try:
        rendered = render(data)
    except Exception as error:  # noqa: BLE001 - decoders fail in every way there is; all of them mean the same
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.exit(BROKEN)
    sys.stdout.buffer.write(rendered)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
