"""What clocks are told of a person, and how to recognise it in what they say. Pure.

Clocks keep names shortened (8 bytes in the old 28-byte user record, 24 in the 72-byte one) and in code pages of their
own, so a name that comes back is compared with what a clock can have made of ours, not letter by letter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from foundation.contracts.bridge import DeviceUser

FIELDS = ("name", "card", "privilege")
LONGEST_NAME = 48
SHORTEST_CUT = 7
LOST_LETTERS = frozenset("?\ufffd_")


@dataclass(frozen=True, slots=True)
class Facts:
    """A person as a clock holds them. Card 0 is none; privilege 0 is user, 2 enroller, 6 manager, 14 super admin."""

    name: str
    card: int = 0
    privilege: int = 0

    def as_json(self) -> dict[str, object]:
        return {"name": self.name, "card": self.card, "privilege": self.privilege}

    @classmethod
    def of(cls, document: Mapping[str, object] | None) -> Self | None:
        """Facts that were stored; None for none."""
        if document is None:
            return None
        card, privilege = document.get("card") or 0, document.get("privilege") or 0
        assert isinstance(card, int)
        assert isinstance(privilege, int)
        return cls(str(document.get("name") or ""), card, privilege)

    def user(self, pin: str) -> DeviceUser:
        """As the bridge is told of it."""
        return DeviceUser(pin=pin, name=self.name, card=self.card, privilege=self.privilege)


def our_facts(name: str, card_number: int | None, badge_number: str | None, privilege: int = 0) -> Facts:
    """What we would tell a clock of a person: no control characters, the card or else a badge that can be one."""
    clean = "".join(letter if letter.isprintable() else " " for letter in name).strip()[:LONGEST_NAME]
    return Facts(clean, card_of(card_number, badge_number), privilege)


def card_of(card_number: int | None, badge_number: str | None) -> int:
    """The card's number; a badge of up to ten digits is taken for one. 0 is no card."""
    if card_number is not None:
        return card_number
    if badge_number and badge_number.isascii() and badge_number.isdigit() and len(badge_number) <= 10:
        card = int(badge_number)
        return card if card <= 0xFFFFFFFF else 0
    return 0


def sendable(ours: Facts, agreed: Facts | None, reported_card: int | None) -> Facts:
    """What to send: a card that only the clock knows of is not wiped by somebody's having none here."""
    if ours.card == 0 and reported_card and (agreed is None or agreed.card == 0):
        return Facts(ours.name, reported_card, ours.privilege)
    return ours


def shows(ours: Facts, theirs: Facts) -> bool:
    """Whether a clock that says ``theirs`` holds what we hold."""
    return theirs.card == ours.card and theirs.privilege == ours.privilege and shows_name(ours.name, theirs.name)


def shows_name(ours: str, theirs: str) -> bool:
    """Whether a clock may have made ``theirs`` of our name: the same, cut off, or with letters it has not got."""
    ours, theirs = " ".join(ours.split()), " ".join(theirs.split())
    if ours == theirs:
        return True
    if not theirs or len(theirs) > len(ours):
        return False
    if len(theirs) < len(ours) and len(theirs.encode()) < SHORTEST_CUT:
        return False
    return all(
        mine == their or (not mine.isascii() and their in LOST_LETTERS)
        for mine, their in zip(ours, theirs, strict=False)
    )


def alike(ours: str, theirs: str) -> bool:
    """Whether two names may be one person's: a clock without a name contradicts nobody, else a word is shared."""
    if not theirs.strip() or shows_name(ours, theirs):
        return True
    mine, their = ours.casefold().split(), theirs.casefold().split()
    return any(
        one == other or (min(len(one), len(other)) >= 3 and (one.startswith(other) or other.startswith(one)))
        for one in mine
        for other in their
    )
