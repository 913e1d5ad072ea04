"""Which templates a device accepts, derived from the options it reports. Pure.

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
VISIBLE_LIGHT_NAMES = ("visilightfaceversion", "visilight_face_version")
FINGER_SLOT, INFRARED_SLOT, PALM_SLOT, VISIBLE_LIGHT_SLOT = 1, 2, 8, 9
FIRST_VISIBLE_LIGHT = 30
"""The lowest algorithm version of visible-light faces."""
VERSION = re.compile(r"(\d{1,3})(?:\.\d{1,3})?", re.ASCII)


@dataclass(frozen=True)
class DeviceCapabilities:
    """What a device accepts; None means not reported. Versions are algorithm majors; slots by BIODATA type."""

    connection: str
    fingers: bool | None = None
    finger_major: int | None = None
    face: bool | None = None
    face_major: int | None = None
    visible_light_major: int | None = None
    slots: tuple[bool, ...] = ()
    slot_majors: tuple[int | None, ...] = ()

    def slot(self, number: int) -> bool | None:
        """Whether the device accepts this type as BIODATA; None when not reported."""
        return None if not self.slots else number < len(self.slots) and self.slots[number]

    def major_of(self, number: int) -> int | None:
        return self.slot_majors[number] if number < len(self.slot_majors) else None


def read_capabilities(connection: str, info: Mapping[str, object]) -> DeviceCapabilities:
    """Read a device's stored options; the case of the names does not matter."""
    options = {name.lstrip("~").lower(): str(value).strip() for name, value in info.items()}
    face_major = _major(options, FACE_NAMES)
    visible_light_major = _major(options, VISIBLE_LIGHT_NAMES)
    if visible_light_major is None and face_major is not None and face_major >= FIRST_VISIBLE_LIGHT:
        visible_light_major, face_major = face_major, None
    return DeviceCapabilities(
        connection=connection,
        fingers=_switch(options, "fingerfunon"),
        finger_major=_major(options, FINGER_NAMES),
        face=_switch(options, "facefunon"),
        face_major=face_major,
        visible_light_major=visible_light_major,
        slots=tuple(part.strip() == "1" for part in options.get("multibiodatasupport", "").split(":") if part)[:16],
        slot_majors=tuple(_number(part) for part in options.get("multibioversion", "").split(":"))[:16],
    )


def incompatibility(capabilities: DeviceCapabilities, template_type: str, template_format: str) -> str | None:
    """Why the device cannot take a template, as a sentence; None when it can.

    ``template_format`` is encoding and algorithm version, e.g. ``zk/10.0``.
    """
    encoding, _, version = template_format.partition("/")
    major = _number(version)
    if encoding != "zk" or major is None:
        return f"Clocks take templates of their maker's own format, not {template_format}"
    if template_type == "FINGERPRINT":
        return _finger(capabilities, major)
    if capabilities.connection == "pull":
        return "Faces and palms reach a clock only when it calls us (push); this one is called by us"
    if template_type == "FACE":
        return (
            _visible_light_face(capabilities, major)
            if major >= FIRST_VISIBLE_LIGHT
            else _infrared_face(capabilities, major)
        )
    return _palm(capabilities, major)


def _finger(capabilities: DeviceCapabilities, major: int) -> str | None:
    if capabilities.fingers is False or (capabilities.slot(FINGER_SLOT) is False and capabilities.finger_major is None):
        return "This clock has no fingerprint reader"
    accepted = capabilities.finger_major or capabilities.major_of(FINGER_SLOT)
    if accepted is None:
        return "This clock has not said yet which fingerprints it takes"
    return (
        None if accepted == major else f"This clock takes fingerprints of algorithm {accepted}, this one is of {major}"
    )


def _infrared_face(capabilities: DeviceCapabilities, major: int) -> str | None:
    if capabilities.face is False or (capabilities.face is None and capabilities.slot(INFRARED_SLOT) is False):
        return "This clock recognises no faces"
    accepted = capabilities.face_major or capabilities.major_of(INFRARED_SLOT)
    if accepted is None:
        return "This clock has not said yet that it takes near-infrared faces"
    return None if accepted == major else f"This clock takes faces of algorithm {accepted}, this one is of {major}"


def _visible_light_face(capabilities: DeviceCapabilities, major: int) -> str | None:
    if capabilities.slot(VISIBLE_LIGHT_SLOT) is False:
        return "This clock takes no visible-light faces"
    accepted = capabilities.visible_light_major or capabilities.major_of(VISIBLE_LIGHT_SLOT)
    if accepted is None:
        return "This clock has not said yet which visible-light faces it takes"
    return None if accepted == major else f"This clock takes faces of algorithm {accepted}, this one is of {major}"


def _palm(capabilities: DeviceCapabilities, major: int) -> str | None:
    if not capabilities.slot(PALM_SLOT):
        return "This clock has not said that it takes palms"
    accepted = capabilities.major_of(PALM_SLOT)
    return (
        None if accepted in {None, major} else f"This clock takes palms of algorithm {accepted}, this one is of {major}"
    )


def _switch(options: Mapping[str, str], name: str) -> bool | None:
    return {"0": False, "1": True}.get(options.get(name, ""))


def _major(options: Mapping[str, str], names: tuple[str, ...]) -> int | None:
    return next((found for name in names if (found := _number(options.get(name, "")))), None)


def _number(text: str) -> int | None:
    """The major version, None for none (devices write 0 for what they lack)."""
    found = VERSION.fullmatch(text.strip())
    return int(found[1]) or None if found else None
