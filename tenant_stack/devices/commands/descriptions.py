"""Commands to clocks in plain words. Pure."""

from __future__ import annotations

from typing import Any

from tenant_stack.devices.commands.results import in_words
from tenant_stack.devices.trust import why_not
from tenant_stack.tables.devices import Device, DeviceCommand

NAMES = {
    "user_update": "Write a person",
    "user_delete": "Remove a person",
    "user_query": "Ask for a person",
    "template_update": "Write a template",
    "template_delete": "Remove a template",
    "template_query": "Ask for templates",
    "enroll": "Enrol at the clock",
    "check": "Send what is new",
    "info": "Tell about itself",
    "query_punches": "Send the log again",
    "verify_punches": "Count the log",
    "clear_log": "Clear the log",
    "reboot": "Restart",
    "restart": "Restart",
    "set_time": "Set the time",
}
TEMPLATES = {"FINGERPRINT": "fingerprint", "FACE": "face", "PALM": "palm"}
# A log must not be emptied without having been counted just before.
NEVER_AGAIN = frozenset({"clear_log"})


def what(command: DeviceCommand) -> str:
    """What is asked of the clock."""
    payload: dict[str, Any] = command.payload
    name = NAMES.get(command.kind, command.kind)
    if target := payload.get("target"):
        kind = TEMPLATES.get(target["template_type"], "template")
        return f"{name}: {kind} {target['template_index']} of PIN {target['pin']}"
    if user := payload.get("user"):
        return f"{name}: {user['name'] or 'no name'} (PIN {user['pin']})"
    if command.pin:
        return f"{name}: PIN {command.pin}"
    return name


def words(command: DeviceCommand) -> str:
    """How far it is, as a sentence."""
    if command.state == "done":
        return command.result_text if command.purpose == "act" and command.result_text else "Done"
    if command.state == "cancelled":
        return "Cancelled"
    if command.state == "sent":
        return "Sent; the clock has not answered yet"
    said = in_words(command.result_code) if command.result_code is not None else ""
    if command.state == "failed":
        return said or command.result_text or "The clock did not answer"
    return f"{said}; it is tried again" if said else "Waits for the clock to call"


def held_because(device: Device, command: DeviceCommand) -> str | None:
    """Why a command that waits is not sent now."""
    if command.state not in {"queued", "sent"}:
        return None
    if command.kind == "template_update":
        return why_not(device, "template")
    user: Any = command.payload.get("user")
    if user and user.get("privilege"):
        return why_not(device, "privilege")
    return None
