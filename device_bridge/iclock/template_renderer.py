"""Writing what clocks read about templates, in the words of both families. Pure.

Sources: the vendor's *Attendance PUSH Communication Protocol* 2.4.2 (FINGERTMP, FACE, BIODATA, ENROLL) and *Security
PUSH Communication Protocol* 3.1.2 (``templatev10``, ``biodata``). Formats do not mix: what a unit has said it cannot
take is refused here, with the code that it would answer itself.
"""

from __future__ import annotations

from device_bridge.iclock.capabilities import Capabilities
from device_bridge.iclock.renderer import pin_text
from device_bridge.iclock.templates import ENCODINGS
from device_bridge.quirks import FACE, FINGER
from foundation.contracts.bridge import Template, TemplateName, TemplateType

BAD_FORMAT, NOT_SUPPORTED = -11, -1002
ATTEMPTS = 3
FINGER_TYPE, INFRARED_FACE, PALM, VISIBLE_FACE = 1, 2, 8, 9


class NotForThisUnit(ValueError):
    """The unit cannot take this; ``code`` is what it would answer."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def bio_type(kind: TemplateType, major: int) -> int:
    """``Type`` of BIODATA."""
    match kind:
        case TemplateType.FINGERPRINT:
            return FINGER_TYPE
        case TemplateType.PALM:
            return PALM
        case TemplateType.FACE:
            return VISIBLE_FACE if major >= FACE.first_new else INFRARED_FACE


def update(template: Template, unit: Capabilities) -> str:
    """Put a template on a time clock. Raises `NotForThisUnit`."""
    encoding, major, _ = _format(template)
    _check(template, unit)
    pin, size = pin_text(template.pin), len(template.template_data)
    if template.template_type is TemplateType.FINGERPRINT and major < FINGER.first_new and encoding == "zk":
        return (
            f"DATA UPDATE FINGERTMP PIN={pin}\tFID={template.template_index}\tSize={size}\tValid={template.valid}"
            f"\tTMP={template.template_data}"
        )
    if bio_type(template.template_type, major) == INFRARED_FACE and not unit.takes_biodata(INFRARED_FACE):
        return (
            f"DATA UPDATE FACE PIN={pin}\tFID={template.part}\tSize={size}\tValid={template.valid}"
            f"\tTMP={template.template_data}"
        )
    return f"DATA UPDATE BIODATA {_biodata(template)}"


def access_update(template: Template, unit: Capabilities) -> str:
    """Put a template on an access unit. Raises `NotForThisUnit`."""
    encoding, major, _ = _format(template)
    _check(template, unit)
    if template.template_type is TemplateType.FINGERPRINT and major < FINGER.first_new and encoding == "zk":
        return (
            f"DATA UPDATE templatev10 Size={len(template.template_data)}\tPin={pin_text(template.pin)}"
            f"\tFingerID={template.template_index}\tValid={template.valid}\tTemplate={template.template_data}"
        )
    return f"DATA UPDATE biodata {_biodata(template)}"


def delete(target: TemplateName, unit: Capabilities) -> str:
    """Take a template off a time clock."""
    pin = pin_text(target.pin)
    if _old_finger(target, unit):
        return f"DATA DELETE FINGERTMP PIN={pin}\tFID={target.template_index}"
    if target.template_type is TemplateType.FACE and _infrared(unit):
        return f"DATA DELETE FACE PIN={pin}"
    return f"DATA DELETE BIODATA Pin={pin}\tType={_newest_type(target)}\tNo={target.template_index}"


def access_delete(target: TemplateName, unit: Capabilities) -> str:
    """Take a template off an access unit."""
    pin = pin_text(target.pin)
    if _old_finger(target, unit):
        return f"DATA DELETE templatev10 Pin={pin}\tFingerID={target.template_index}"
    return f"DATA DELETE biodata Pin={pin}\tType={_newest_type(target)}\tNo={target.template_index}"


def query(target: TemplateName, unit: Capabilities) -> str:
    """Ask a time clock for a template; it comes as an ordinary upload."""
    pin = pin_text(target.pin)
    if _old_finger(target, unit):
        return f"DATA QUERY FINGERTMP PIN={pin}\tFID={target.template_index}"
    return f"DATA QUERY BIODATA Type={_type_on(target, unit)}\tPIN={pin}\tNo={target.template_index}"


def access_query(target: TemplateName, unit: Capabilities) -> str:
    """Ask an access unit for a person's templates of one kind; they come in pages."""
    pin = pin_text(target.pin)
    if _old_finger(target, unit):
        return f"DATA QUERY tablename=templatev10,fielddesc=*,filter=Pin={pin}"
    return f"DATA QUERY tablename=biodata,fielddesc=*,filter=Type={_newest_type(target)},Pin={pin}"


def enroll(target: TemplateName, unit: Capabilities, *, overwrite: bool) -> str:
    """Ask a person to the clock. The same words for both families."""
    pin, flag = pin_text(target.pin), int(overwrite)
    if target.template_type is TemplateType.FINGERPRINT:
        return f"ENROLL_FP PIN={pin}\tFID={target.template_index}\tRETRY={ATTEMPTS}\tOVERWRITE={flag}"
    kind = _type_on(target, unit)
    if unit.takes_biodata(kind) is False:
        raise NotForThisUnit(NOT_SUPPORTED, f"The clock says that it has no {target.template_type.value.lower()}")
    return f"ENROLL_BIO TYPE={kind}\tPIN={pin}\tCardNo=\tRETRY={ATTEMPTS}\tOVERWRITE={flag}"


def _old_finger(target: TemplateName, unit: Capabilities) -> bool:
    """Whether it is a finger that this unit knows as FINGERTMP or ``templatev10``."""
    return target.template_type is TemplateType.FINGERPRINT and (unit.finger_major or 0) < FINGER.first_new


def _newest_type(target: TemplateName) -> int:
    return bio_type(target.template_type, FACE.first_new)


def _type_on(target: TemplateName, unit: Capabilities) -> int:
    infrared = target.template_type is TemplateType.FACE and _infrared(unit)
    return INFRARED_FACE if infrared else _newest_type(target)


def _biodata(template: Template) -> str:
    encoding, major, minor = _format(template)
    number = next(number for number, name in ENCODINGS.items() if name == encoding)
    return (
        f"Pin={pin_text(template.pin)}\tNo={template.template_index}\tIndex={template.part}"
        f"\tValid={int(template.valid > 0)}\tDuress={int(template.valid == 3)}"
        f"\tType={bio_type(template.template_type, major)}\tMajorVer={major}\tMinorVer={minor}\tFormat={number}"
        f"\tTmp={template.template_data}"
    )


def _check(template: Template, unit: Capabilities) -> None:
    """Refuse what the unit has said it cannot take."""
    encoding, major, _ = _format(template)
    if template.template_type is TemplateType.FINGERPRINT:
        if encoding == "zk" and unit.finger_major not in (None, major):
            raise NotForThisUnit(BAD_FORMAT, f"The clock reads fingers of version {unit.finger}, this one is {major}")
        if major < FINGER.first_new and encoding == "zk":
            return
    kind = bio_type(template.template_type, major)
    if kind == INFRARED_FACE and not unit.slots:
        return
    if unit.takes_biodata(kind) is False and not (kind == INFRARED_FACE and _infrared(unit)):
        raise NotForThisUnit(NOT_SUPPORTED, f"The clock says that it takes no {template.template_type.value.lower()}")


def _infrared(unit: Capabilities) -> bool:
    """Whether the unit's faces are of near infrared, as far as it has said."""
    return bool(unit.face) and int(unit.face.split(".")[0]) < FACE.first_new and not unit.takes_biodata(9)


def _format(template: Template) -> tuple[str, int, int]:
    encoding, _, version = template.template_format.partition("/")
    major, _, minor = version.partition(".")
    return encoding, int(major), int(minor or 0)
