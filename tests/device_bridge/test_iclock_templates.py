"""Templates that push clocks send: every dialect is kept byte for byte, and a bad line quotes nothing of itself."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_bridge.iclock.operation_log import parse_operations, parse_pictures, parse_templates
from device_bridge.records import BadLine
from foundation.contracts.bridge import RejectedLine, Template, TemplateType
from tests.device_bridge.conftest import Bridge

FINGER = base64.b64encode(b"JY" + b"SS21" + bytes(range(200))).decode()
PART = base64.b64encode(bytes(range(255)) * 4).decode()


def biodata(**more: object) -> str:
    said = {
        "Pin": 17,
        "No": 3,
        "Index": 0,
        "Valid": 1,
        "Duress": 0,
        "Type": 1,
        "MajorVer": 12,
        "MinorVer": 0,
        "Format": 0,
        "Tmp": PART,
    }
    return "BIODATA " + "\t".join(f"{name}={value}" for name, value in {**said, **more}.items() if value is not None)


DIALECTS = {
    "FP": (f"FP PIN=17\tFID=3\tSize={len(FINGER)}\tValid=1\tTMP={FINGER}", "FINGERPRINT", 3, 0, "zk/10.0", 1),
    "FP with blanks": (f"FP PIN=17 FID=3 Size={len(FINGER)} Valid=1 TMP={FINGER}", "FINGERPRINT", 3, 0, "zk/10.0", 1),
    "FP, tab after the word": (f"FP\tPIN=17\tFID=0\tValid=1\tTMP={FINGER}", "FINGERPRINT", 0, 0, "zk/10.0", 1),
    "FP for duress": (
        f"FP PIN=17\tFID=9\tSize={len(FINGER)}\tValid=3\tTMP={FINGER}",
        "FINGERPRINT",
        9,
        0,
        "zk/10.0",
        3,
    ),
    "FP that counts bytes": (f"FP Pin=17\tFID=1\tSize=206\tValid=1\tTMP={FINGER}", "FINGERPRINT", 1, 0, "zk/10.0", 1),
    "FACE": (f"FACE PIN=17\tFID=11\tSIZE={len(PART)}\tVALID=1\tTMP={PART}", "FACE", 0, 11, "zk/7.0", 1),
    "FACE behind junk": (f"\x01\x02fourteen bytesFACE PIN=17\tFID=0\tTMP={PART}", "FACE", 0, 0, "zk/7.0", 1),
    "BIODATA finger 12": (biodata(), "FINGERPRINT", 3, 0, "zk/12.0", 1),
    "BIODATA finger 10.3": (biodata(MajorVer=10, MinorVer=3), "FINGERPRINT", 3, 0, "zk/10.3", 1),
    "BIODATA ISO": (biodata(Format=1), "FINGERPRINT", 3, 0, "iso/12.0", 1),
    "BIODATA duress": (biodata(Duress=1), "FINGERPRINT", 3, 0, "zk/12.0", 3),
    "BIODATA useless": (biodata(Valid=0, Duress=1), "FINGERPRINT", 3, 0, "zk/12.0", 0),
    "BIODATA near infrared": (biodata(Type=2, No=0, Index=7, MajorVer=7), "FACE", 0, 7, "zk/7.0", 1),
    "BIODATA palm": (biodata(Type=8, No=1, MajorVer=12), "PALM", 1, 0, "zk/12.0", 1),
    "BIODATA visible light": (
        biodata(Type=9, No=None, Index=None, MajorVer=40, MinorVer=1),
        "FACE",
        0,
        0,
        "zk/40.1",
        1,
    ),
}


@pytest.mark.parametrize(("line", "kind", "index", "part", "form", "valid"), DIALECTS.values(), ids=DIALECTS)
def test_dialects(line: str, kind: str, index: int, part: int, form: str, valid: int) -> None:
    parsed = parse_operations(line)
    assert parsed.bad_templates == []
    (template,) = parsed.templates
    assert (template.pin, template.template_type) == ("17", TemplateType(kind))
    assert (template.template_index, template.part) == (index, part)
    assert (template.template_format, template.valid) == (form, valid)
    assert template.template_data == (FINGER if "TMP=" + FINGER in line else PART)
    assert FINGER[:20] not in repr(template)


def test_the_units_own_version_wins_over_the_guess() -> None:
    line = f"FP PIN=17\tFID=3\tTMP={PART}"
    assert parse_operations(line).templates[0].template_format == "zk/10.0"
    assert parse_operations(line, finger_algorithm="9").templates[0].template_format == "zk/9.0"
    face = f"FACE PIN=17\tFID=3\tTMP={PART}"
    assert parse_operations(face, face_algorithm="8").templates[0].template_format == "zk/8.0"


BAD = {
    "cut short": (f"FP PIN=17\tFID=1\tSize={len(FINGER)}\tValid=1\tTMP={FINGER[:100]}", "not the size"),
    "torn": (f"FP PIN=17\tFID=1\tSize={len(FINGER)}\tValid=1\tTMP={FINGER[:101]}", "no Base64"),
    "letters that are none": (f"FP PIN=17\tFID=1\tTMP={FINGER[:-4]}!!!!", "no Base64"),
    "empty": ("FP PIN=17\tFID=1\tSize=0\tValid=1\tTMP=", "0 characters"),
    "no PIN": (f"FP FID=1\tTMP={FINGER}", "PIN"),
    "eleventh finger": (f"FP PIN=17\tFID=10\tTMP={FINGER}", "finger is no number below 10"),
    "no finger": (f"FP PIN=17\tTMP={FINGER}", "finger"),
    "odd flag": (f"FP PIN=17\tFID=1\tValid=2\tTMP={FINGER}", "0, 1 and 3"),
    "voice": (biodata(Type=3), "voice (type 3) is not kept"),
    "palm print": (biodata(Type=6), "palm print (type 6) is not kept"),
    "a kind of the future": (biodata(Type=77), "an unknown kind (type 77)"),
    "no type": (biodata(Type=None), "type"),
    "no version": (biodata(MajorVer=None), "version"),
    "encoding of the future": (biodata(Format=3), "ZK, ISO and ANSI"),
    "finger vein": (f"FVEIN Pin=17\tFID=1\tTmp={PART}", "finger veins are not kept"),
}


@pytest.mark.parametrize(("line", "reason"), BAD.values(), ids=BAD)
def test_a_bad_line_is_kept_without_anything_biometric(line: str, reason: str) -> None:
    parsed = parse_operations(line)
    assert parsed.templates == []
    (bad,) = parsed.bad_templates
    assert reason in bad.reason
    assert "withheld" in bad.raw
    for text in (FINGER, PART):
        assert not any(text[at : at + 12] in bad.raw + bad.reason for at in range(0, len(text) - 12, 4))


def test_the_rest_of_a_torn_template_is_not_quoted() -> None:
    parsed = parse_operations(f"FP PIN=17\tFID=1\tSize=9999\tTMP={FINGER[:100]}\n{FINGER[100:140]}\n\n{FINGER[140:]}")
    assert parsed.handled == 3
    kept = "".join(line.raw for line in [*parsed.rejected, *parsed.bad_templates])
    assert FINGER[100:112] not in kept
    assert FINGER[140:152] not in kept


def test_pictures_are_one_line_each() -> None:
    user = f"USERPIC PIN=17\tFileName=17.jpg\tSize={len(PART)}\tContent={PART}"
    photo = f"BIOPHOTO PIN=17\tFileName=17.jpg\tType=9\tSize={len(PART)}\tContent={PART}"
    parsed = parse_operations(f"{user}\n{photo}")
    assert [line.reason for line in parsed.rejected] == ["pictures are not kept"] * 2
    assert not any(PART[:12] in line.raw for line in parsed.rejected)
    assert len(parse_pictures("PIN=1.jpg\nSN=S1\nsize=4\nCMD=realupload\0\xff\xd8\n\n\xd9", "ATTPHOTO")) == 1
    assert parse_pictures("", "ATTPHOTO") == []


def test_tables_of_access_units() -> None:
    row = f"templatev10 size={len(FINGER)}\tuid=1\tpin=17\tfingerid=3\tvalid=1\ttemplate={FINGER}\tresverd=\tendtag="
    (finger,) = parse_templates(row, "TEMPLATEV10").templates
    assert (finger.template_index, finger.template_format, finger.template_data) == (3, "zk/10.0", FINGER)
    row = f"biodata pin=17\tno=0\tindex=0\tvalid=1\tduress=0\ttype=9\tmajorver=40\tminorver=1\tformat=0\ttmp={PART}"
    (face,) = parse_templates(f"{row}\r\n", "BIODATA").templates
    assert (face.template_type, face.template_format) == (TemplateType.FACE, "zk/40.1")
    bare = row.removeprefix("biodata ")
    assert parse_templates(bare, "BIODATA").templates == [face]


FIELDS = st.sampled_from(
    ["Pin=1", "FID=1", "Size=4", "TMP=AAAA", "TMP=A", "Type=9", "MajorVer=40", "Valid=9", "x", "=", "\0"]
)


@given(st.sampled_from(["FP ", "FACE\t", "BIODATA ", "FVEIN ", "USERPIC ", ""]), st.lists(FIELDS, max_size=9))
def test_no_line_raises_and_every_line_counts(kind: str, fields: list[str]) -> None:
    line = kind + "\t".join(fields)
    parsed = parse_operations(line)
    assert parsed.handled == (1 if line.strip(" \t\0") else 0)
    for each in (*parsed.templates, *parse_templates(line, "BIODATA").templates):
        assert Template.model_validate(each.model_dump()) == each
    for bad in (*parsed.bad_templates, *parsed.rejected):
        assert isinstance(bad, BadLine)
        assert RejectedLine(raw=bad.raw, reason=bad.reason).raw == bad.raw


@pytest.fixture
def known(bridge: Bridge) -> Bridge:
    bridge.backend.known.add("S1")
    return bridge


async def test_templates_reach_the_back_end_whole_and_are_acknowledged_with_the_lines_around_them(
    known: Bridge, capfd: pytest.CaptureFixture[str]
) -> None:
    await known.client.post("/iclock/cdata?SN=S1&table=options", content="FPVersion=9,FaceVersion=7")
    body = "\n".join(
        [
            "OPLOG 6\t0\t2026-11-22 09:50:48\t17\t0\t0\t0",
            "USER PIN=17\tName=Aida\tPri=0\tPasswd=4711",
            f"FP PIN=17\tFID=3\tSize={len(PART)}\tValid=3\tTMP={PART}",
            f"FP PIN=17\tFID=4\tSize=7\tValid=1\tTMP={PART}",
            *(f"FACE PIN=17\tFID={number}\tSIZE={len(PART)}\tVALID=1\tTMP={PART}" for number in range(12)),
        ]
    )
    answer = await known.client.post("/iclock/cdata?SN=S1&table=OPERLOG", content=body)
    assert answer.text == "OK: 16\n"
    held = known.backend.templates["S1"]
    assert held["17", "FINGERPRINT", 3, 0].template_format == "zk/9.0"
    assert [held["17", "FACE", 0, part].template_data for part in range(12)] == [PART] * 12
    assert list(known.backend.users["S1"]) == ["17"]
    assert known.backend.template_batches[0].source_address == "127.0.0.1"
    (bad,) = known.backend.rejected
    assert PART[:12] not in bad.raw
    known.backend.down = True
    answer = await known.client.post("/iclock/cdata?SN=S1&table=OPERLOG", content=body)
    assert answer.status_code == 503
    said = "".join(capfd.readouterr())
    assert PART[:12] not in said
    assert "4711" not in said


async def test_a_table_of_many_templates_goes_in_batches(known: Bridge) -> None:
    rows = "\n".join(biodata(Pin=number) for number in range(1, 251))
    assert (await known.client.post("/iclock/cdata?SN=S1&table=BIODATA", content=rows)).text == "OK: 250\n"
    assert [len(batch.templates) for batch in known.backend.template_batches] == [100, 100, 50]
    path = "/iclock/cdata?SN=S1&table=tabledata&tablename=biodata&count=250"
    assert (await known.client.post(path, content=rows.replace("BIODATA ", "biodata "))).text == "biodata=250\n"
    assert (await known.client.post("/iclock/cdata?SN=S1&table=BIODATA", content="")).text == "OK: 0\n"
