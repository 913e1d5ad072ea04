"""Tables of templates, of where they are, of consent, of enrolments at a distance, and of every access to a template.

The template table holds no name and no number of a person beside the reference to them; `template_data` is the Base64
ciphertext text of the organisation's key (`tenant_stack.biometrics.template_encryption`), never anything else.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from foundation.database import Identified, Instant, Timestamped, column, identity
from tenant_stack.tables.base import Base

TEMPLATE_STATES = ("quarantined", "active", "revoked")
COPY_STATES = ("pending", "sent", "written", "confirmed", "unfit", "refused", "removing", "removed")
ENROLMENT_STATES = ("asked", "sent", "started", "touch", "stored", "distributed", "failed", "cancelled", "timed_out")
TYPES = ("FINGERPRINT", "FACE", "PALM")


def one_of(column: str, values: tuple[str, ...]) -> str:
    """The text of a check constraint."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class BiometricTemplate(Identified, Timestamped, Base, table=True):
    """One part of a template of one person.

    ``quarantined`` came from a clock unasked (no consent, or nobody knows whose PIN it is) and is sent nowhere;
    ``active`` goes to the clocks of its person; ``revoked`` is erased: the ciphertext is gone, the row stays as the
    account of it until every clock has confirmed. ``revision`` counts captures: a copy of an older one is out of date.
    ``unreadable_at`` is set when it did not decrypt. ``finger_index`` is 0-9 (for a face or palm: its number).
    """

    __tablename__ = "biometric_templates"
    __table_args__ = (
        sa.CheckConstraint(one_of("state", TEMPLATE_STATES), name="state"),
        sa.CheckConstraint(one_of("template_type", TYPES), name="template_type"),
        sa.CheckConstraint("quality_score BETWEEN 0 AND 100", name="quality_score"),
        sa.CheckConstraint("finger_index BETWEEN 0 AND 9", name="finger_index"),
        sa.CheckConstraint("part BETWEEN 0 AND 31", name="part"),
        sa.CheckConstraint("valid IN (1, 3)", name="valid"),
        # A plaintext cannot be stored by mistake, and an erased one cannot linger.
        sa.CheckConstraint("template_data LIKE 'vault:v%'", name="template_data_sealed"),
        sa.CheckConstraint("(state = 'revoked') = (template_data IS NULL)", name="template_data_erased"),
        sa.CheckConstraint("state <> 'active' OR staff_id IS NOT NULL", name="active_is_somebodys"),
        sa.Index(
            "uq_biometric_templates_of_staff",
            "staff_id",
            "template_type",
            "finger_index",
            "part",
            "template_format",
            unique=True,
            postgresql_where=sa.text("state <> 'revoked' AND staff_id IS NOT NULL"),
        ),
        sa.Index(
            "uq_biometric_templates_of_nobody",
            "origin_device_id",
            "origin_pin",
            "template_type",
            "finger_index",
            "part",
            "template_format",
            unique=True,
            postgresql_where=sa.text("state <> 'revoked' AND staff_id IS NULL"),
        ),
        sa.Index("ix_biometric_templates_staff_id", "staff_id"),
        sa.Index("ix_biometric_templates_key_version", "key_version", "id"),
    )

    staff_id: UUID | None = Field(default=None, foreign_key="staff.id", ondelete="CASCADE")
    template_type: str = Field(max_length=16)
    template_format: str = Field(max_length=16)
    template_data: str | None = column(sa.Text)
    quality_score: int | None = column(sa.SmallInteger)
    finger_index: int = column(sa.SmallInteger)
    part: int = column(sa.SmallInteger, server_default=sa.text("0"))
    valid: int = column(sa.SmallInteger, server_default=sa.text("1"))
    revision: int = column(server_default=sa.text("1"))
    key_version: int | None = None
    state: str = Field(max_length=16)
    origin: str = Field(max_length=16)
    origin_device_id: UUID | None = Field(default=None, foreign_key="devices.id", ondelete="SET NULL")
    origin_pin: str | None = Field(default=None, max_length=24)
    unreadable_at: datetime | None = column(Instant)
    leaver_since: datetime | None = column(Instant)
    captured_at: datetime = column(Instant, server_default=sa.func.now())
    erased_at: datetime | None = column(Instant)
    erased_because: str = column(server_default="", max_length=40)


class DeviceTemplate(Identified, Timestamped, Base, table=True):
    """One template on one clock: what is wanted there and what the clock confirmed.

    ``pending`` waits to be sent, ``sent`` was given to the clock, ``written`` it answered that it has it, ``confirmed``
    it was read back byte for byte. ``unfit`` is our word that the clock cannot take it or is not trusted with it,
    ``refused`` the clock's. ``removing`` and ``removed`` are the way out; a removed row is the proof of it.
    """

    __tablename__ = "device_templates"
    __table_args__ = (
        sa.UniqueConstraint("device_id", "template_id"),
        sa.CheckConstraint(one_of("state", COPY_STATES), name="state"),
        sa.Index("ix_device_templates_template_id", "template_id"),
        sa.Index(
            "ix_device_templates_open",
            "device_id",
            "state",
            postgresql_where=sa.text("state IN ('pending', 'sent', 'written', 'removing')"),
        ),
    )

    device_id: UUID = Field(foreign_key="devices.id", ondelete="CASCADE")
    template_id: UUID = Field(foreign_key="biometric_templates.id", ondelete="CASCADE")
    pin: str = Field(max_length=24)
    state: str = column(server_default="pending", max_length=16)
    revision: int = column(server_default=sa.text("0"))
    message: str = column(server_default="", max_length=300)
    command_id: int | None = column(sa.BigInteger)
    attempts: int = column(server_default=sa.text("0"))
    confirmed_at: datetime | None = column(Instant)


class ConsentText(Identified, Base, table=True):
    """A version of what people agree to; never changed, only followed by the next version."""

    __tablename__ = "consent_texts"

    version: int = Field(unique=True)
    title: str = Field(max_length=200)
    text: str = column(sa.Text)
    created_by: str = Field(max_length=200)
    created_at: datetime = column(Instant, server_default=sa.func.now())


class StaffConsent(Identified, Base, table=True):
    """Somebody agreed to a version of the text; ``ended_at`` says when that was withdrawn or renewed."""

    __tablename__ = "staff_consents"
    __table_args__ = (
        sa.CheckConstraint("how IN ('written', 'electronic', 'spoken')", name="how"),
        sa.CheckConstraint("ended_because IN ('', 'withdrawn', 'renewed')", name="ended_because"),
        sa.Index(
            "uq_staff_consents_standing",
            "staff_id",
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
        sa.Index("ix_staff_consents_staff_id", "staff_id", "id"),
    )

    staff_id: UUID = Field(foreign_key="staff.id", ondelete="CASCADE")
    text_id: UUID = Field(foreign_key="consent_texts.id", ondelete="RESTRICT")
    how: str = Field(max_length=16)
    note: str = column(server_default="", max_length=400)
    given_at: datetime = column(Instant)
    recorded_by: str = Field(max_length=200)
    created_at: datetime = column(Instant, server_default=sa.func.now())
    ended_at: datetime | None = column(Instant)
    ended_because: str = column(server_default="", max_length=16)
    ended_by: str = column(server_default="", max_length=200)


class EnrolmentSession(Identified, Timestamped, Base, table=True):
    """An enrolment at a distance: one person, one clock, one finger, a time limit. One at a time on a clock."""

    __tablename__ = "enrolment_sessions"
    __table_args__ = (
        sa.CheckConstraint(one_of("state", ENROLMENT_STATES), name="state"),
        sa.CheckConstraint(one_of("template_type", TYPES), name="template_type"),
        sa.CheckConstraint("finger_index BETWEEN 0 AND 9", name="finger_index"),
        sa.Index(
            "uq_enrolment_sessions_open",
            "device_id",
            unique=True,
            postgresql_where=sa.text("state IN ('asked', 'sent', 'started', 'touch')"),
        ),
        sa.Index("ix_enrolment_sessions_staff_id", "staff_id", "id"),
    )

    staff_id: UUID = Field(foreign_key="staff.id", ondelete="CASCADE")
    device_id: UUID = Field(foreign_key="devices.id", ondelete="CASCADE")
    pin: str = Field(max_length=24)
    template_type: str = Field(max_length=16)
    finger_index: int = column(sa.SmallInteger)
    state: str = column(server_default="asked", max_length=16)
    touch: int = column(sa.SmallInteger, server_default=sa.text("0"))
    message: str = column(server_default="", max_length=300)
    seconds: int = column(sa.SmallInteger, server_default=sa.text("60"))
    requested_by: str = Field(max_length=200)
    command_id: int | None = column(sa.BigInteger)
    template_id: UUID | None = Field(default=None, foreign_key="biometric_templates.id", ondelete="SET NULL")
    expires_at: datetime = column(Instant)
    finished_at: datetime | None = column(Instant)


class EnrolmentStepRow(Base, table=True):
    """One thing that happened during an enrolment at a distance."""

    __tablename__ = "enrolment_steps"
    __table_args__ = (sa.Index("ix_enrolment_steps_session_id", "session_id", "id"),)

    id: int = identity(primary_key=True)
    session_id: UUID = Field(foreign_key="enrolment_sessions.id", ondelete="CASCADE")
    at: datetime = column(Instant, server_default=sa.func.now())
    step: str = Field(max_length=16)
    touch: int = column(sa.SmallInteger, server_default=sa.text("0"))
    message: str = column(server_default="", max_length=300)


class BiometricAccess(Base, table=True):
    """Every access to a template: what for, by whom, for which clock. Only ever added to."""

    __tablename__ = "biometric_access"
    __table_args__ = (
        sa.Index("ix_biometric_access_template_id", "template_id", "id"),
        sa.Index("ix_biometric_access_staff_id", "staff_id", "id"),
    )

    id: int = identity(primary_key=True)
    at: datetime = column(Instant, server_default=sa.func.now())
    template_id: UUID
    staff_id: UUID | None = None
    device_id: UUID | None = None
    purpose: str = Field(max_length=24)
    actor_kind: str = Field(max_length=16)
    actor_label: str = Field(max_length=200)
    correlation_id: str = column(server_default="", max_length=64)
