"""The organisation's logo: what is taken, what is refused, and that nothing of a file reaches paper but its pixels."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import io
import random
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from fastapi import FastAPI
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from foundation.database import Database
from foundation.errors import Invalid
from tenant_stack.logo.image import render_logo
from tests.tenant_stack.actors import Api
from tests.tenant_stack.conftest import client_of, eventually, page_headers, sign_in
from tests.tenant_stack.records import run

LOGO = "/api/logo"
MARKER = b"MARKER-7f3a91"
RED, CLEAR = (200, 20, 40, 255), (0, 0, 0, 0)


def encoded(image: Image.Image, form: str = "PNG", **more: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **more)
    return file.getvalue()


def plain(width: int = 300, height: int = 100, mode: str = "RGBA") -> Image.Image:
    return Image.new("RGBA", (width, height), RED).convert("RGB").convert(mode)


@functools.cache
def noise(width: int, height: int) -> Image.Image:
    return Image.frombytes("RGB", (width, height), random.Random(5).randbytes(width * height * 3))


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of(width: int, height: int, *more: bytes) -> bytes:
    """A PNG whose head claims a size that it does not have."""
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"".join(
        (b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", head), *more, chunk(b"IDAT", zlib.compress(b"\0")), chunk(b"IEND", b""))
    )


async def give(api: Api, data: bytes, name: str = "acme.png") -> httpx.Response:
    return await api.client.put(LOGO, files={"file": (name, data, "image/png")})


async def taken(api: Api, data: bytes, name: str = "acme.png") -> Image.Image:
    """Give a logo and get the picture that is printed."""
    answer = await give(api, data, name)
    assert answer.status_code == 200, answer.text
    stored = await api.client.get(LOGO)
    assert hashlib.sha256(stored.content).hexdigest() == answer.json()["sha256"]
    image = Image.open(io.BytesIO(stored.content), formats=["PNG"])
    image.load()
    assert (image.width, image.height) == (answer.json()["width"], answer.json()["height"])
    assert image.width <= 720
    assert image.height <= 240
    return image


async def trail(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.get("/api/audit", target_kind="logo", limit=20))["items"]
    return found


async def test_there_and_back_and_away(api: Api) -> None:
    assert await api.get(f"{LOGO}/facts") == {"logo": None}
    for method in ("GET", "DELETE"):
        missing = await api.client.request(method, LOGO)
        assert (missing.status_code, missing.json()["code"]) == (404, "no_logo")

    first = await taken(api, encoded(plain()), "C:\\marks\\acme.png")
    assert (first.size, first.mode, first.getpixel((5, 5))) == ((300, 100), "RGBA", RED)
    facts = (await api.get(f"{LOGO}/facts"))["logo"]
    assert (facts["file_name"], facts["changed_by"], facts["width"]) == ("acme.png", "Owner", 300)

    answer = await api.client.get(LOGO)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["etag"] == f'"{facts["sha256"]}"'
    assert answer.headers["cache-control"] == "private, no-cache"
    for known in (answer.headers["etag"], f'"other", W/{answer.headers["etag"]}'):
        again = await api.client.get(LOGO, headers={"if-none-match": known})
        assert (again.status_code, again.content) == (304, b"")

    second = await taken(api, encoded(plain(1200, 1200, "RGB"), "JPEG"), "round.jpg")
    assert (second.size, second.mode) == ((240, 240), "RGB")
    changed = await api.client.get(LOGO, headers={"if-none-match": answer.headers["etag"]})
    assert changed.status_code == 200
    assert (await api.client.delete(LOGO)).status_code == 204
    assert (await api.client.get(LOGO)).status_code == 404


async def test_the_trail_holds_digests_and_no_picture(api: Api) -> None:
    picture = encoded(plain())
    one = (await give(api, picture)).json()
    assert (await give(api, picture)).json() == one  # the same again changes nothing, nor the trail
    two = (await give(api, encoded(plain(90, 90)), "new.png")).json()
    await api.delete(LOGO)
    lines = list(reversed(await trail(api)))
    assert [each["action"] for each in lines] == ["logo.set", "logo.set", "logo.remove"]
    old_fields = [{name: each[name] for name in ("sha256", "width", "height", "file_name")} for each in (one, two)]
    assert [(each["before"], each["after"]) for each in lines] == [
        (None, old_fields[0]),
        (old_fields[0], old_fields[1]),
        (old_fields[1], None),
    ]


async def test_only_who_may_change_settings_changes_it(api: Api, app: FastAPI, database: Database) -> None:
    await taken(api, encoded(plain()))
    before = (await api.client.get(LOGO)).content
    for role in ("manager", "viewer"):
        async with client_of(app, **page_headers(await sign_in(app, role))) as client:
            assert (await client.get(LOGO)).content == before
            for answer in (await give(Api(client), encoded(plain(9, 9))), await client.delete(LOGO)):
                assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
    site = await api.post("/api/sites", {"code": "H1", "name": "Harbour", "zone": "Asia/Dubai"})
    async with client_of(app, **page_headers(await sign_in(app, "administrator"))) as client:
        user_id = (await client.get("/api/session")).json()["user"]["id"]
        await run(
            database,
            "UPDATE users SET sites = jsonb_build_array(CAST(:site AS text)) WHERE id = :id",
            site=site["id"],
            id=user_id,
        )
        assert (await client.get(LOGO)).content == before
        for answer in (await give(Api(client), encoded(plain(9, 9))), await client.delete(LOGO)):
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_limited")
    async with client_of(app) as stranger:
        assert (await stranger.get(LOGO)).status_code == 401
    assert (await api.client.get(LOGO)).content == before


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
REFUSED: dict[str, tuple[str, Callable[[], bytes]]] = {
    "empty": ("file_empty", lambda: b""),
    "svg": ("logo_not_an_image", lambda: SVG),
    "gif": ("logo_not_an_image", lambda: encoded(plain(mode="P"), "GIF")),
    "webp": ("logo_not_an_image", lambda: encoded(plain(), "WEBP")),
    "tiff": ("logo_not_an_image", lambda: encoded(plain(), "TIFF")),
    "eps": ("logo_not_an_image", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nsystem"),
    "page": ("logo_not_an_image", lambda: b"<html>GIF89a"),
    "png cut in the middle": ("logo_broken", lambda: encoded(noise(300, 200))[:60_000]),
    "png cut in its head": ("logo_broken", lambda: encoded(plain())[:20]),
    "png with a wrong sum": ("logo_broken", lambda: encoded(noise(90, 90)).replace(b"IDATx", b"IDATy", 1)),
    "jpeg cut in the middle": ("logo_broken", lambda: encoded(noise(300, 200), "JPEG")[:9_000]),
    "wider than allowed": ("logo_too_many_pixels", lambda: encoded(plain(4001, 1))),
    "higher than allowed": ("logo_too_many_pixels", lambda: encoded(plain(1, 4001, "RGB"), "JPEG")),
    "says it is 16 gigapixels": ("logo_too_many_pixels", lambda: png_of(130_000, 130_000)),
    "says it is 2 gigapixels high": ("logo_too_many_pixels", lambda: png_of(1, 2**31 - 1)),
    "says it has no width": ("logo_broken", lambda: png_of(0, 10)),
    "says it is larger than it is": ("logo_broken", lambda: png_of(4000, 4000)),
    "a text of 300 MB": (
        "logo_broken",
        lambda: png_of(1, 1, chunk(b"zTXt", b"t\0\0" + zlib.compress(bytes(300_000_000)))),
    ),
    "a profile of 300 MB": (
        "logo_broken",
        lambda: png_of(1, 1, chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(300_000_000)))),
    ),
    "more than 1 MB": ("logo_too_large", lambda: encoded(plain()) + bytes(1_000_000)),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_refused_is_refused_in_a_sentence(name: str, api: Api) -> None:
    code, make = REFUSED[name]
    await taken(api, encoded(plain()))
    answer = await give(api, make())
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["field"]) == (422, code, "file"), problem
    assert len(problem["detail"].split()) >= 4
    # What was there is still there.
    assert (await api.get(f"{LOGO}/facts"))["logo"]["width"] == 300
    assert len(await trail(api)) == 1


async def test_other_bodies(api: Api) -> None:
    assert (await api.client.put(LOGO)).json()["field"] == "file"
    assert (await api.client.put(LOGO, json={"file": "x"})).status_code == 422
    assert (await api.client.put(LOGO, data={"file": "x"})).status_code == 422
    assert (await give(api, bytes(1_500_000))).status_code == 413
    assert await api.get(f"{LOGO}/facts") == {"logo": None}


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/ac\u202eme.png", "acme.png"),
        ("ac\tme\x7f.png", "acme.png"),
        ("\u0000", ""),
        ("\ufffd" + "x" * 400, "\ufffd" + "x" * 119),
        ("شعار.png", "شعار.png"),
    ],
)
async def test_a_name_that_cannot_be_shown_is_tidied(name: str, kept: str, api: Api) -> None:
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    answer = await api.client.put(
        LOGO,
        content=head + encoded(plain()) + b"\r\n--b--\r\n",
        headers={"content-type": "multipart/form-data; boundary=b"},
    )
    assert (answer.status_code, answer.json()["file_name"]) == (200, kept), answer.text


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
async def test_nothing_of_the_file_stays_but_its_pixels(form: str, api: Api, database: Database) -> None:
    exif = Image.Exif()
    exif[0x010E] = f"ImageDescription {MARKER.decode()}"
    exif.get_ifd(0x8825).update({1: "N", 2: (25.0, 15.0, 47.0), 3: "E", 4: (55.0, 17.0, 49.0), 29: MARKER.decode()})
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    more: dict[str, Any] = {"exif": exif, "icc_profile": profile}
    if form == "PNG":
        info = PngInfo()
        info.add_text("Comment", MARKER.decode())
        info.add_itxt("XML:com.adobe.xmp", f"<x>{MARKER.decode()}</x>")
        more["pnginfo"] = info
    else:
        more |= {"comment": MARKER, "xmp": b"<x>" + MARKER + b"</x>"}
    given = encoded(plain(64, 48, "RGB"), form, **more) + b"<script>" + MARKER
    assert given.count(MARKER) >= 4
    assert Image.open(io.BytesIO(given)).getexif().get_ifd(0x8825)[2] == (25.0, 15.0, 47.0)

    image = await taken(api, given)
    stored = (await api.client.get(LOGO)).content
    names, at = [], 8
    while at < len(stored):
        (length,) = struct.unpack(">I", stored[at : at + 4])
        names.append(stored[at + 4 : at + 8])
        at += length + 12
    assert set(names) == {b"IHDR", b"IDAT", b"IEND"}
    assert at == len(stored)
    assert (image.info, len(image.getexif())) == ({}, 0)
    rows = await run(database, "SELECT o::text || encode(content, 'escape') FROM organisation_logo o")
    for text in (stored, rows[0][0].encode(), (await api.client.get("/api/audit")).content):
        assert MARKER not in text
        assert MARKER.hex().encode() not in text


async def test_every_kind_of_picture_is_drawn_as_it_looks(api: Api) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned a quarter clockwise
    half = plain(200, 100, "RGB")
    half.paste((255, 255, 255), (0, 0, 100, 100))
    image = await taken(api, encoded(half, "JPEG", exif=turned, quality=95))
    assert image.size == (100, 200)
    top, bottom = image.convert("RGB").getpixel((50, 20)), image.convert("RGB").getpixel((50, 180))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert min(top) > 240
    assert bottom[1] < 60

    hole = plain(1440, 480)
    hole.paste(CLEAR, (0, 0, 720, 480))
    image = await taken(api, encoded(hole))
    assert (image.size, image.getpixel((10, 10)), image.getpixel((700, 200))) == ((720, 240), CLEAR, RED)
    for mode in ("P", "LA"):
        image = await taken(api, encoded(hole.convert(mode)))
        assert image.mode == "RGBA"
        assert image.getpixel((10, 10))[3] == 0  # type: ignore[index]

    for mode in ("1", "L", "P", "RGB", "CMYK"):
        image = await taken(api, encoded(plain(50, 20, mode), "JPEG" if mode == "CMYK" else "PNG"))
        assert (image.size, image.mode) == ((50, 20), "RGB")
    grey = Image.new("I;16", (20, 20), 0x8000)
    assert (await taken(api, encoded(grey))).getpixel((3, 3)) == (128, 128, 128)
    assert (await taken(api, encoded(plain(4000, 1)))).size == (720, 1)
    assert (await taken(api, encoded(plain(1, 4000)))).size == (1, 240)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
async def test_the_largest_picture_allowed_is_drawn(form: str, api: Api) -> None:
    more: dict[str, Any] = {"progressive": True, "quality": 30} if form == "JPEG" else {}
    image = await taken(api, encoded(plain(4000, 4000, "RGB" if form == "JPEG" else "RGBA"), form, **more))
    assert image.size == (240, 240)


async def test_a_drawing_that_takes_too_long_or_is_not_wanted_any_more_is_killed() -> None:
    me = psutil.Process()
    data = encoded(plain(4000, 4000))
    with pytest.raises(Invalid, match="too long"):
        await render_logo(data, within_seconds=0.05)
    assert not drawers(me)
    drawing = asyncio.create_task(render_logo(data))

    async def begun() -> bool:
        return bool(drawers(me))

    await eventually(begun, seconds=20, what="the drawing process")
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
    assert not drawers(me)


def drawers(parent: psutil.Process) -> list[int]:
    """Drawing processes that this one has begun."""
    found = []
    for child in parent.children(recursive=True):
        try:
            if "tenant_stack.logo.render_process" in child.cmdline():
                found.append(child.pid)
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize(
    ("action", "says"),
    [
        ("bytearray(900_000_000)", "MemoryError"),
        ("import socket; socket.socket()", "SandboxViolation"),
        ("import subprocess; subprocess.run(['true'])", "SandboxViolation"),
        ("import os; os.system('true')", "SandboxViolation"),
        ("open(sys.argv[1], 'wb', 0).write(b'x')", "File too large"),
    ],
)
def test_the_drawing_process_is_walled_in(action: str, says: str, tmp_path: Path) -> None:
    script = f"import sys\nfrom tenant_stack.logo.render_process import enter_sandbox\nenter_sandbox()\n{action}"
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "x")], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert says in done.stderr.decode().splitlines()[-1]


def test_services_never_load_the_decoder() -> None:
    script = (
        "import sys, tenant_stack.main, tenant_stack.app, tenant_stack.worker, punctual.zygote\n"
        "print(sorted(each for each in sys.modules if each.split('.')[0] in ('PIL', 'typst', 'pypdf')))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, check=True)
    assert done.stdout.strip() == b"[]"
