"""Which templates a clock can take, from what it says of itself. Pure.

Facts: formats do not mix (ZKFinger 9, 10, 12 and 13; near-infrared faces 5, 7, 8; visible-light faces 35, 39, 40).
``MultiBioDataSupport`` has a slot per type: 1 fingerprint, 2 near-infrared face, 8 palm, 9 visible-light face; names as
in the public Attendance PUSH protocol description and in the 4370 protocol's options.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

FINGER_NAMES = ("fpversion", "zkfpversion", "finger_algorithm", "fingerprint_algorithm")
FACE_NAMES = ("faceversion", "zkfaceversion", "face_algorithm")
LIGHT_NAMES = ("visilightfaceversion", "visilight_face_version")
FINGER_SLOT, INFRARED_SLOT, PALM_SLOT, LIGHT_SLOT = 1, 2, 8, 9
FIRST_OF_LIGHT = 30
"""Face algorithms from here on are of visible light."""
VERSION = re.compile(r"(\d{1,3})(?:\.\d{1,3})?", re.ASCII)


@dataclass(frozen=True)
class Abilities:
    """What a clock takes; None means that it has not said. Versions are algorithm majors; slots by type of BIODATA."""

    connection: str
    fingers: bool | None = None
    finger_major: int | None = None
    face: bool | None = None
    face_major: int | None = None
    light_major: int | None = None
    slots: tuple[bool, ...] = ()
    slot_majors: tuple[int | None, ...] = ()

    def slot(self, number: int) -> bool | None:
        """Whether it takes this type as BIODATA; None when it did not say."""
        return None if not self.slots else number < len(self.slots) and self.slots[number]

    def major_of(self, number: int) -> int | None:
        return self.slot_majors[number] if number < len(self.slot_majors) else None


def abilities_of(connection: str, info: Mapping[str, object]) -> Abilities:
    """Read what a clock said of itself (its options, as stored), whatever the case of the names."""
    plain = {name.lstrip("~").lower(): str(value).strip() for name, value in info.items()}
    face_major = _major(plain, FACE_NAMES)
    light_major = _major(plain, LIGHT_NAMES)
    if light_major is None and face_major is not None and face_major >= FIRST_OF_LIGHT:
        light_major, face_major = face_major, None
    return Abilities(
        connection=connection,
        fingers=_switch(plain, "fingerfunon"),
        finger_major=_major(plain, FINGER_NAMES),
        face=_switch(plain, "facefunon"),
        face_major=face_major,
        light_major=light_major,
        slots=tuple(part.strip() == "1" for part in plain.get("multibiodatasupport", "").split(":") if part)[:16],
        slot_majors=tuple(_number(part) for part in plain.get("multibioversion", "").split(":"))[:16],
    )


def fits(abilities: Abilities, template_type: str, template_format: str) -> str | None:
    """Why the clock cannot take a template, as a sentence; None when it can.

    ``template_format`` is encoding and algorithm version, e.g. ``zk/10.0``.
    """
    encoding, _, version = template_format.partition("/")
    major = _number(version)
    if encoding != "zk" or major is None:
        return f"Clocks take templates of their maker's own format, not {template_format}"
    if template_type == "FINGERPRINT":
        return _finger(abilities, major)
    if abilities.connection == "pull":
        return "Faces and palms reach a clock only when it calls us (push); this one is called by us"
    if template_type == "FACE":
        return _light(abilities, major) if major >= FIRST_OF_LIGHT else _infrared(abilities, major)
    return _palm(abilities, major)


def _finger(abilities: Abilities, major: int) -> str | None:
    if abilities.fingers is False or (abilities.slot(FINGER_SLOT) is False and abilities.finger_major is None):
        return "This clock has no fingerprint reader"
    takes = abilities.finger_major or abilities.major_of(FINGER_SLOT)
    if takes is None:
        return "This clock has not said yet which fingerprints it takes"
    return None if takes == major else f"This clock takes fingerprints of algorithm {takes}, this one is of {major}"


def _infrared(abilities: Abilities, major: int) -> str | None:
    if abilities.face is False or (abilities.face is None and abilities.slot(INFRARED_SLOT) is False):
        return "This clock recognises no faces"
    takes = abilities.face_major or abilities.major_of(INFRARED_SLOT)
    if takes is None:
        return "This clock has not said yet that it takes near-infrared faces"
    return None if takes == major else f"This clock takes faces of algorithm {takes}, this one is of {major}"


def _light(abilities: Abilities, major: int) -> str | None:
    if abilities.slot(LIGHT_SLOT) is False:
        return "This clock takes no visible-light faces"
    takes = abilities.light_major or abilities.major_of(LIGHT_SLOT)
    if takes is None:
        return "This clock has not said yet which visible-light faces it takes"
    return None if takes == major else f"This clock takes faces of algorithm {takes}, this one is of {major}"


def _palm(abilities: Abilities, major: int) -> str | None:
    if not abilities.slot(PALM_SLOT):
        return "This clock has not said that it takes palms"
    takes = abilities.major_of(PALM_SLOT)
    return None if takes in {None, major} else f"This clock takes palms of algorithm {takes}, this one is of {major}"


def _switch(plain: Mapping[str, str], name: str) -> bool | None:
    return {"0": False, "1": True}.get(plain.get(name, ""))


def _major(plain: Mapping[str, str], names: tuple[str, ...]) -> int | None:
    return next((found for name in names if (found := _number(plain.get(name, "")))), None)


def _number(text: str) -> int | None:
    """The major version, None for none (clocks write 0 for what they lack)."""
    found = VERSION.fullmatch(text.strip())
    return int(found[1]) or None if found else None
