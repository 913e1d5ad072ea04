"""What push clocks are told: nothing a person types can become a command of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_bridge.iclock import renderer
from device_bridge.records import ClockUser
from foundation.contracts.bridge import CommandKind


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (0, "0"),
        (240, "4"),
        (-300, "-5"),
        (60, "1"),
        (720, "12"),
        (330, "330"),
        (-210, "-210"),
        (345, "345"),
        (780, "780"),
        (840, "840"),
        (30, "1"),
        (-30, "-1"),
    ],
)
def test_time_zone(minutes: int, text: str) -> None:
    assert renderer.time_zone(minutes) == text


def test_the_handshake_answer_holds_both_generations_of_names() -> None:
    text = renderer.handshake(renderer.Handshake("S1", 330, 3, 40, 1_000_000))
    first, *rest = text.splitlines()
    assert first == "GET OPTION FROM: S1"
    options = dict(line.split("=", 1) for line in rest)
    assert {"ATTLOGStamp", "OPERLOGStamp", "ATTPHOTOStamp", "Stamp", "OpStamp", "PhotoStamp"} <= options.keys()
    assert options["TimeZone"] == "330"
    assert (options["Delay"], options["ErrorDelay"], options["Realtime"]) == ("3", "40", "1")
    wanted = options["TransFlag"].split("\t")
    assert {"EnrollFP", "ChgFP", "FACE"} <= set(wanted)
    assert not {"TransData AttPhoto", "AttPhoto", "UserPic", "BioPhoto"} & set(wanted), "pictures are not kept"
    assert options["MultiBioDataSupport"].split(":")[9] == "1"
    legacy = renderer.handshake(renderer.Handshake("S1", 240, 3, 40, 1_000_000, legacy=True))
    assert "\nStamp=0\n" in legacy
    assert "\nTimeZone=4\n" in legacy


def test_commands_word_for_word() -> None:
    user = ClockUser("17", "Aïda Ünal", 99, 14)
    assert (
        renderer.command("a1", renderer.user_update(user))
        == "C:a1:DATA UPDATE USERINFO PIN=17\tName=Aïda Ünal\tPri=14\tCard=99"
    )
    assert renderer.command("a2", renderer.user_delete("17")) == "C:a2:DATA DELETE USERINFO PIN=17"
    assert (
        renderer.query_punches("2026-11-01 00:00:00", None)
        == "DATA QUERY ATTLOG StartTime=2026-11-01 00:00:00\tEndTime=2099-12-31 23:59:59"
    )
    assert (renderer.CHECK, renderer.INFO, renderer.REBOOT) == ("CHECK", "INFO", "REBOOT")


@pytest.mark.parametrize(
    "name",
    [
        "Bo\nC:9:REBOOT",
        "Bo\r\nC:9:SHELL reboot",
        "Bo\tPri=14",
        "Bo\x0bC:9:REBOOT",
        "Bo\x85C:9:REBOOT",
        "Bo\u2028C:9:REBOOT",
        "Bo\0\x1b[2J",
    ],
)
def test_a_name_cannot_carry_a_second_command_or_field(name: str) -> None:
    line = renderer.command("a1", renderer.user_update(ClockUser("17", name)))
    assert len(line.splitlines()) == 1
    assert line.count("\t") == 3
    assert line.split("\t")[2] == "Pri=0"


@given(st.text(max_size=60), st.integers(0, 0xFFFFFFFF), st.sampled_from([0, 2, 6, 14]))
def test_no_text_breaks_the_frame(name: str, card: int, privilege: int) -> None:
    line = renderer.command("a1", renderer.user_update(ClockUser("17", name, card, privilege)))
    assert len(line.splitlines()) == 1
    assert [field.split("=", 1)[0] for field in line.split("\t")] == [
        "C:a1:DATA UPDATE USERINFO PIN",
        "Name",
        "Pri",
        "Card",
    ]


@pytest.mark.parametrize("pin", ["1\t2", "1\nC:9:REBOOT", "", "1\u2029", " 1"])
def test_a_pin_that_would_change_is_refused(pin: str) -> None:
    with pytest.raises(ValueError, match="PIN"):
        renderer.user_delete(pin)


@pytest.mark.parametrize("moment", ["yesterday", "2026-02-31 00:00:00", "2026-11-01 00:00:00\nC:9:REBOOT"])
def test_a_query_needs_real_dates(moment: str) -> None:
    with pytest.raises(ValueError, match="dates"):
        renderer.query_punches(moment, None)


@pytest.mark.parametrize("identifier", ["", "a b", "a" * 17, "é", "1:2"])
def test_a_command_id_is_plain(identifier: str) -> None:
    with pytest.raises(ValueError, match="id"):
        renderer.command(identifier, "CHECK")


def test_there_is_no_shell() -> None:
    source = Path(renderer.__file__).read_text(encoding="utf-8")
    assert "SHELL" not in source.upper()
    assert all("shell" not in kind for kind in CommandKind)
