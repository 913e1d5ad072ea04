"""From the bytes of an upload to text: compressed bodies, and the two encodings that clocks use. Pure."""

from __future__ import annotations

import io
import tarfile
import zlib

LARGEST_TEXT = 20_000_000
GZIP_MAGIC = b"\x1f\x8b"


class UnreadableBody(Exception):
    """A compressed body that is damaged or grows too large; acknowledging it would lose what is inside."""


def text_of(body: bytes) -> str:
    """The text of an upload: UTF-8, else GB2312 (as its superset GB18030), else byte for byte. Raises `UnreadableBody`.

    ``ContentType=tgz`` uploads are recognised by their first bytes, because clocks forget to say it.
    """
    if body.startswith(GZIP_MAGIC):
        body = _unpacked(body)
    for encoding in ("utf-8", "gb18030"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    return body.decode("latin-1")


def _unpacked(body: bytes) -> bytes:
    decompressor = zlib.decompressobj(wbits=31)
    try:
        plain = decompressor.decompress(body, LARGEST_TEXT)
    except zlib.error as error:
        raise UnreadableBody("The compressed upload is damaged") from error
    if decompressor.unconsumed_tail or not decompressor.eof:
        raise UnreadableBody("The compressed upload is cut short or too large")
    try:
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
            # Only the members' contents are read; nothing is ever extracted to a path of the clock's choosing.
            parts = [archive.extractfile(member) for member in archive.getmembers() if member.isfile()]
            return b"\n".join(part.read() for part in parts if part is not None)
    except tarfile.TarError:
        return plain
