"""Decoding of upload bodies: compression, and the two text encodings that clocks use. Pure."""

from __future__ import annotations

import io
import tarfile
import zlib

LARGEST_TEXT = 5_000_000
ALWAYS_ALLOWED = 1_000_000
LARGEST_RATIO = 10
"""How far a compressed upload may grow: to `ALWAYS_ALLOWED` bytes in any case (an archive of a few lines is mostly
zeros), beyond that to ten times its size, and never above `LARGEST_TEXT`."""

MOST_MEMBERS = 100
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
    limit = min(LARGEST_TEXT, max(ALWAYS_ALLOWED, LARGEST_RATIO * len(body)))
    try:
        plain = decompressor.decompress(body, limit)
    except zlib.error as error:
        raise UnreadableBody("The compressed upload is damaged") from error
    if decompressor.unconsumed_tail or not decompressor.eof:
        raise UnreadableBody("The compressed upload is cut short or too large")
    try:
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
            # Only the members' contents are read; nothing is ever extracted to a path of the clock's choosing.
            members = [member for member in archive if member.isreg() and not member.issparse()]
            # A header may claim any size, and holes cost an archive nothing: only what is really inside is read.
            if len(members) > MOST_MEMBERS or sum(member.size for member in members) > len(plain):
                raise UnreadableBody("The compressed upload is no archive of uploads")
            parts = [archive.extractfile(member) for member in members]
            return b"\n".join(part.read() for part in parts if part is not None)
    except (tarfile.TarError, EOFError, ValueError, OverflowError):
        return plain
