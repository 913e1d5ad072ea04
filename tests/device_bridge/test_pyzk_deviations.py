"""What pyzk gets wrong, each beside what the bridge does instead: a test for every line of the table in
``docs/protocols.md``. When a newer pyzk makes one of them fail, our own code for it can go."""

from __future__ import annotations

import ast
import socket
import struct
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from pyzk2 import const
from pyzk2.base import ZK, ZK_helper, make_commkey
from pyzk2.exception import ZKNetworkError
from pyzk2.finger import Finger
from pyzk2.user import User

from device_bridge.pyzk_codec import communication_key, decode_six_bytes, decode_time, encode_time
from device_bridge.quirks import WIDE_USER
from device_bridge.records import ClockUser
from device_bridge.terminal.frames import Command, Frame, checksum
from device_bridge.terminal.logs import decode_log
from device_bridge.terminal.session import FramedSession
from device_bridge.terminal.sizes import decode_counts
from device_bridge.terminal.templates import ClockTemplate, decode_templates
from device_bridge.terminal.users import StoredUser, decode_users, encode_user
from device_bridge.terminal.wire import TcpWire

PRODUCT = Path(__file__).parents[2] / "device_bridge"
PURE = {"const", "ZK", "make_commkey", "Finger"}
MOMENT = encode_time("2026-11-22 09:50:48")
NAMES = {"王芳": "gb2312", "سارة": "windows-1256"}
IMPOSSIBLE = ((26 * 12 + 1) * 31 + 30) * 86400


def pyzk_with(blob: bytes = b"", **known: Any) -> Any:
    """pyzk's reader of one list, fed with bytes instead of a connection; ``known`` is what the clock said before."""
    zk = ZK.__new__(ZK)
    zk.verbose, zk.encoding, zk.tcp = False, "UTF-8", True
    zk.read_sizes = lambda: True
    zk.read_with_buffer = lambda *_: (blob, len(blob))
    for name, value in known.items():
        setattr(zk, name, value)
    return zk


def sized(records: bytes) -> bytes:
    return struct.pack("<I", len(records)) + records


def named_punch(pin: bytes, moment: int) -> bytes:
    return struct.pack("<H24sBIB8s", 1, pin, 1, moment, 0, b"")


def wide_user(name: bytes, access: bytes = b"\1" + bytes(8)) -> bytes:
    return struct.pack("<HB8s24sI9s24s", 1, 6, b"", name, 0, access, b"7")


def test_only_pure_parts_of_pyzk_are_imported_and_its_client_is_never_constructed() -> None:
    for path in PRODUCT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pyzk2"):
                assert {name.name for name in node.names} <= PURE, path
            assert not (isinstance(node, ast.Import) and any(name.name.startswith("pyzk2") for name in node.names))
            assert not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ZK"), path


def test_its_ping_runs_the_address_in_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, bool]] = []

    def call(command: str, *, shell: bool, **_: object) -> int:
        ran.append((command, shell))
        return 1

    monkeypatch.setattr(subprocess, "call", call)
    ZK_helper("192.0.2.1; reboot").test_ping()
    assert ran == [("ping  -c 1 -W 5 192.0.2.1; reboot", True)]


def test_its_constructor_sets_one_encoding_for_every_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(User, "encoding", "UTF-8")
    ZK("192.0.2.1", encoding="gb2312")._ZK__sock.close()
    assert User.encoding == "gb2312"
    read = [decode_users(sized(wide_user(name.encode(code))), 1, code) for name, code in NAMES.items()]
    assert [table.users["7"].user.name for table in read] == list(NAMES)


def test_an_answer_in_two_pieces_is_taken_for_two_answers() -> None:
    answer = Frame(const.CMD_ACK_OK, 5, 1, b"123456789").stream()
    for ours in (False, True):
        mine, peer = socket.socketpair()
        with mine, peer:
            peer.sendall(answer[:7])
            if ours:
                session = FramedSession(TcpWire(mine), key=0, answer_seconds=2.0)
                session.begin(5.0)
                peer.sendall(answer[7:])
                assert session.ask(const.CMD_GET_VERSION).data == b"123456789"
            else:
                zk = pyzk_with(is_connect=True)
                zk._ZK__sock, zk._ZK__session_id, zk._ZK__reply_id = mine, 5, 0
                with pytest.raises(ZKNetworkError, match="TCP packet invalid"):
                    zk._ZK__send_command(const.CMD_GET_VERSION)


def test_its_checksum_takes_the_square_of_the_length() -> None:
    zk, data = pyzk_with(), bytes(range(256)) * 48
    began = time.perf_counter()
    packet = zk._ZK__create_header(const.CMD_DATA, data, 5, 0)
    theirs = time.perf_counter() - began
    began = time.perf_counter()
    assert checksum(packet[:2] + b"\0\0" + packet[4:]) == struct.unpack_from("<H", packet, 2)[0]
    assert time.perf_counter() - began < theirs / 10


def test_it_cannot_write_the_reply_id_65535() -> None:
    assert struct.unpack("<4H", pyzk_with()._ZK__create_header(const.CMD_ACK_OK, b"", 5, 65534))[3] == 0


def test_the_sum_of_key_and_session_overflows() -> None:
    key, session = 0xEFFFF, 0xFFFF
    with pytest.raises(struct.error):
        make_commkey(key, session)
    wrapped = (int(f"{key:032b}"[::-1], 2) + session) % 2**32
    _, k, s, o = (byte ^ letter for byte, letter in zip(wrapped.to_bytes(4, "little"), b"ZKSO", strict=True))
    assert communication_key(key, session) == bytes((s ^ 50, o ^ 50, 50, k ^ 50))


def test_times_that_are_no_dates_raise_and_the_years_go_on_past_2099() -> None:
    zk = pyzk_with()
    with pytest.raises(ValueError, match="day is out of range"):
        zk._ZK__decode_time(struct.pack("<I", IMPOSSIBLE))
    assert decode_time(IMPOSSIBLE) is None
    late = bytes((120, 1, 1, 0, 0, 0))
    assert zk._ZK__decode_timehex(late).year == 2120
    assert decode_six_bytes(late) is None


def test_one_unreadable_punch_loses_the_whole_log() -> None:
    blob = sized(named_punch(b"7", MOMENT) + named_punch(b"8", IMPOSSIBLE))
    with pytest.raises(ValueError, match="day is out of range"):
        pyzk_with(blob, records=2, get_users=list).get_attendance()
    log = decode_log(blob, 2, {})
    assert [punch.pin for punch in log.punches] == ["7"]
    assert len(log.rejected) == 1


def test_a_log_that_grew_meanwhile_is_misread() -> None:
    blob = sized(named_punch(b"7", MOMENT) * 8)
    read = pyzk_with(blob, records=7, get_users=list).get_attendance()
    assert {each.user_id for each in read} != {"7"}
    assert [punch.pin for punch in decode_log(blob, 7, {}).punches] == ["7"] * 8


def test_work_codes_are_dropped() -> None:
    blob = sized(struct.pack("<IIBB2xI", 7, MOMENT, 1, 0, 33))
    (read,) = pyzk_with(blob, records=1, get_users=list).get_attendance()
    assert "33" not in str(vars(read).values())
    assert decode_log(blob, 1, {}).punches[0].work_code == "33"


def test_short_sizes_read_as_an_empty_clock() -> None:
    zk = pyzk_with(users=0, records=0, _ZK__data=bytes(4))
    del zk.read_sizes
    zk._ZK__send_command = lambda *_: {"status": True}
    assert zk.read_sizes()
    assert (zk.users, zk.records) == (0, 0)
    assert decode_counts(bytes(4)).punches is None


def test_people_without_a_name_get_an_invented_one() -> None:
    blob = sized(wide_user(b""))
    assert pyzk_with(blob, users=1).get_users()[0].name == "NN-7"
    assert decode_users(blob, 1, "utf-8").users["7"].user.name == ""


def test_group_and_time_zones_are_lost() -> None:
    access = bytes((3, 1, 2, 0, 3, 0, 4, 0, 5))
    blob = sized(wide_user(b"Ann", access))
    (read,) = pyzk_with(blob, users=1).get_users()
    assert access not in read.repack73()
    stored = decode_users(blob, 1, "utf-8").users["7"]
    assert encode_user(stored, WIDE_USER, "utf-8") == blob[4:]


def test_names_are_cut_inside_a_character() -> None:
    name = "a" * 23 + "é"
    assert b"a\xc3\0" in User(1, name, 0, user_id="7").repack73()
    assert b"a" * 23 + b"\0" in encode_user(StoredUser(1, ClockUser("7", name)), WIDE_USER, "utf-8")


def test_enrollers_and_managers_are_written_as_ordinary_users() -> None:
    sent: list[bytes] = []

    def send(_: int, data: bytes, *__: object) -> dict[str, bool]:
        sent.append(data)
        return {"status": True}

    zk = pyzk_with(user_packet_size=72, next_uid=1, next_user_id="7", refresh_data=lambda: True)
    zk._ZK__send_command = send
    zk.set_user(uid=1, name="Ann", privilege=const.USER_MANAGER, user_id="7")
    assert sent[0][2] == const.USER_DEFAULT
    assert encode_user(StoredUser(1, ClockUser("7", "Ann", 0, const.USER_MANAGER)), WIDE_USER, "utf-8")[2] == 6


def test_a_torn_list_of_templates_raises() -> None:
    whole = Finger(1, 0, 1, b"x" * 600).repack()
    blob = sized(whole + whole[:4])
    with pytest.raises(struct.error):
        pyzk_with(blob, fingers=2).get_templates()
    found = decode_templates(blob)
    assert len(found.templates) == len(found.rejected) == 1


def test_its_finger_shows_the_template() -> None:
    secret = b"\xabSECRET!" * 4
    assert secret[:8].hex() in repr(Finger(1, 0, 1, secret))
    assert "SECRET" not in repr(ClockTemplate(1, 0, 1, secret))
    assert secret[:8].hex() not in repr(ClockTemplate(1, 0, 1, secret))


def test_deleting_a_template_by_pin_cannot_be_packed() -> None:
    with pytest.raises(struct.error):
        pyzk_with().delete_user_template(user_id="7", temp_id=0)


def test_three_commands_are_missing() -> None:
    known = {
        value for name, value in vars(const).items() if isinstance(value, int) and name.strip("_").startswith("CMD")
    }
    assert {number for number in Command if number not in known} == {87, 119, 6001}
