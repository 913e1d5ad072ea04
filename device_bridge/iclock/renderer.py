"""Writing what push clocks read: the handshake answer and commands. Pure.

Source: the vendor's *Attendance PUSH Communication Protocol* 2.4.2. A clock takes one command a line and one field
between tabs, so a name with a tab or a line end in it could become a command of its own: see `clean`.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from device_bridge.iclock.parser import real_moment
from device_bridge.records import ClockUser

PROTOCOL_VERSION = "2.4.1"
UPLOADS = ("AttLog", "OpLog", "EnrollFP", "EnrollUser", "ChgUser", "ChgFP", "FACE")
"""What clocks shall send unasked; pictures are not wanted."""

OLD_UPLOADS = "110110111000"
"""The same for firmware that names no version: AttLog, OpLog, AttPhoto, EnrollFP, EnrollUser, FPImag, ChgUser, ChgFP,
FACE, UserPic, WORKCODE, BioPhoto."""

BIO_SLOTS = "0:1:1:0:0:0:0:0:1:1"
"""``MultiBioDataSupport``: by type of BIODATA, fingers, near-infrared faces, palms and visible-light faces."""

EARLIEST, LATEST = "2000-01-01 00:00:00", "2099-12-31 23:59:59"


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a clock is told at power-on. Seconds, except ``utc_offset_minutes``; ``legacy`` = it named no version."""

    serial: str
    utc_offset_minutes: int
    poll_seconds: int
    error_delay_seconds: int
    largest_upload: int
    legacy: bool = False


def clean(text: str) -> str:
    """Text without control and format characters and odd separators: what is left can't end a field or a command."""
    spaced = (" " if unicodedata.category(letter) == "Zs" else letter for letter in text)
    return "".join(letter for letter in spaced if letter == " " or unicodedata.category(letter)[0] not in "CZ").strip()


def time_zone(utc_offset_minutes: int) -> str:
    """``TimeZone``: whole hours from -12 to 12, else minutes, which clocks recognise by being more than 60."""
    hours, rest = divmod(abs(utc_offset_minutes), 60)
    sign = -1 if utc_offset_minutes < 0 else 1
    if abs(utc_offset_minutes) > 60 and (rest or hours > 12):
        return str(utc_offset_minutes)
    # Less than an hour off UTC cannot be said at all; no zone is.
    return str(sign * (hours + (rest >= 30)))


def handshake(options: Handshake) -> str:
    """The answer to ``options=all``.

    ``None`` stamps leave the clock its own cursor, and it sends everything at first contact. Firmware that names no
    protocol version wants numbers, and only 0 surely means "send all": that repeats what we have, which adds nothing.
    """
    stamp = "0" if options.legacy else "None"
    flags = OLD_UPLOADS if options.legacy else "TransData " + "\t".join(UPLOADS)
    lines = [
        f"GET OPTION FROM: {options.serial}",
        *(f"{table}LOGStamp={stamp}" for table in ("ATT", "OPER", "ERROR")),
        f"ATTPHOTOStamp={stamp}",
        f"BIODATAStamp={stamp}",
        f"IDCARDStamp={stamp}",
        *(f"{name}={stamp}" for name in ("Stamp", "OpStamp", "PhotoStamp")),
        f"ErrorDelay={options.error_delay_seconds}",
        f"Delay={options.poll_seconds}",
        "TransTimes=00:00;14:05",
        "TransInterval=1",
        f"TransFlag={flags}",
        f"TimeZone={time_zone(options.utc_offset_minutes)}",
        "Realtime=1",
        "Encrypt=0",
        f"ServerVer={PROTOCOL_VERSION}",
        f"PushProtVer={PROTOCOL_VERSION}",
        "PushOptionsFlag=1",
        "PushOptions=~DeviceName,~OEMVendor,FirmVer,MAC,IPAddress,UserCount,FPCount,FaceCount,TransactionCount,"
        "~MaxUserCount,~MaxAttLogCount,FingerFunOn,FaceFunOn,FPVersion,FaceVersion,~PIN2Width,MultiBioDataSupport",
        f"MultiBioDataSupport={BIO_SLOTS}",
        "SupportPing=1",
        f"MaxPostSize={options.largest_upload}",
    ]
    return "\n".join(lines) + "\n"


def command(identifier: str, text: str) -> str:
    """One command line. ``text`` is one of the forms below; ``identifier`` comes back with the result."""
    if not (identifier.isascii() and identifier.isalnum() and len(identifier) <= 16):
        raise ValueError("A command's id is 1 to 16 letters and digits")
    return f"C:{identifier}:{text}"


def user_update(user: ClockUser) -> str:
    """Add or change a person; what is not named (password, group, time zones) stays as it is on the clock."""
    pin, name = pin_text(user.pin), clean(user.name)
    return f"DATA UPDATE USERINFO PIN={pin}\tName={name}\tPri={user.privilege}\tCard={user.card}"


def user_delete(pin: str) -> str:
    """Take a person and their templates off the clock; the log keeps their punches."""
    return f"DATA DELETE USERINFO PIN={pin_text(pin)}"


def query_punches(since: str | None, until: str | None) -> str:
    """Ask for the log of a period of the clock's local time; it comes as an ordinary upload. May raise `ValueError`."""
    start, end = period(since, until)
    return f"DATA QUERY ATTLOG StartTime={start}\tEndTime={end}"


def verify_punches(since: str | None, until: str | None) -> str:
    """Ask how many punches of a period of the clock's local time it holds. May raise `ValueError`."""
    start, end = period(since, until)
    return f"VERIFY SUM ATTLOG StartTime={start}\tEndTime={end}"


def query_user(pin: str | None) -> str:
    """Ask for a person, or for everybody; they come as an ordinary upload."""
    return f"DATA QUERY USERINFO PIN={pin_text(pin)}" if pin else "DATA QUERY USERINFO"


CHECK, INFO, REBOOT, CLEAR_LOG = "CHECK", "INFO", "REBOOT", "CLEAR LOG"


def period(since: str | None, until: str | None) -> tuple[str, str]:
    """Both ends of a period of local time; everything for neither. Raises `ValueError` for what is no real date."""
    start, end = real_moment(since or EARLIEST), real_moment(until or LATEST)
    if start is None or end is None:
        raise ValueError("The period of a log query needs two real dates")
    return start, end


def pin_text(pin: str) -> str:
    """A PIN as it may stand in a command. Raises `ValueError` for one that no clock takes."""
    cleaned = clean(pin)
    if cleaned != pin or not pin:
        # A PIN that changes by cleaning would name another person.
        raise ValueError(f"The PIN {cleaned!r} has characters that no clock takes")
    return pin
