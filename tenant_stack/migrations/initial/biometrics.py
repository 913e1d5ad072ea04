"""Templates, consent, captures and every access to a template."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from foundation.migrations import INSTANT, NOW, identifier, timestamps

KEEP_ACCESS = (
    """
CREATE FUNCTION keep_access() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'biometric_access is only ever added to';
END $$
""",
    "CREATE TRIGGER keep_access BEFORE UPDATE OR DELETE OR TRUNCATE ON biometric_access "
    "FOR EACH STATEMENT EXECUTE FUNCTION keep_access()",
)


def create() -> None:
    _biometric_templates()
    _device_templates()
    _consent_texts()
    _staff_consents()
    _enrolment_sessions()
    _enrolment_steps()
    _biometric_access()
    for statement in KEEP_ACCESS:
        op.execute(statement)


def _biometric_templates() -> None:
    op.create_table(
        "biometric_templates",
        identifier(),
        sa.Column("staff_id", sa.Uuid, sa.ForeignKey("staff.id", ondelete="CASCADE")),
        sa.Column("template_type", sa.String(16), nullable=False),
        sa.Column("template_format", sa.String(16), nullable=False),
        sa.Column("template_data", sa.Text),
        sa.Column("quality_score", sa.SmallInteger),
        sa.Column("finger_index", sa.SmallInteger, nullable=False),
        sa.Column("part", sa.SmallInteger, server_default=sa.text("0"), nullable=False),
        sa.Column("valid", sa.SmallInteger, server_default=sa.text("1"), nullable=False),
        sa.Column("revision", sa.Integer, server_default=sa.text("1"), nullable=False),
        sa.Column("key_version", sa.Integer),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("origin_device_id", sa.Uuid, sa.ForeignKey("devices.id", ondelete="SET NULL")),
        sa.Column("origin_pin", sa.String(24)),
        sa.Column("unreadable_at", INSTANT),
        sa.Column("leaver_since", INSTANT),
        sa.Column("captured_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("erased_at", INSTANT),
        sa.Column("erased_because", sa.String(40), server_default="", nullable=False),
        *timestamps(),
        sa.CheckConstraint("state IN ('quarantined', 'active', 'revoked')", name="state"),
        sa.CheckConstraint("template_type IN ('FINGERPRINT', 'FACE', 'PALM')", name="template_type"),
        sa.CheckConstraint("quality_score BETWEEN 0 AND 100", name="quality_score"),
        sa.CheckConstraint("finger_index BETWEEN 0 AND 9", name="finger_index"),
        sa.CheckConstraint("part BETWEEN 0 AND 31", name="part"),
        sa.CheckConstraint("valid IN (1, 3)", name="valid"),
        sa.CheckConstraint("template_data LIKE 'vault:v%'", name="template_data_sealed"),
        sa.CheckConstraint("(state = 'revoked') = (template_data IS NULL)", name="template_data_erased"),
        sa.CheckConstraint("state <> 'active' OR staff_id IS NOT NULL", name="active_is_somebodys"),
        sa.Index("ix_biometric_templates_key_version", "key_version", "id"),
        sa.Index("ix_biometric_templates_staff_id", "staff_id"),
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
    )


def _device_templates() -> None:
    op.create_table(
        "device_templates",
        identifier(),
        sa.Column("device_id", sa.Uuid, sa.ForeignKey("devices.id", ondelete="CASCADE"), nullable=False),
        sa.Column("template_id", sa.Uuid, sa.ForeignKey("biometric_templates.id", ondelete="CASCADE"), nullable=False),
        sa.Column("pin", sa.String(24), nullable=False),
        sa.Column("state", sa.String(16), server_default="pending", nullable=False),
        sa.Column("revision", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("message", sa.String(300), server_default="", nullable=False),
        sa.Column("command_id", sa.BigInteger),
        sa.Column("attempts", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("confirmed_at", INSTANT),
        *timestamps(),
        sa.CheckConstraint(
            "state IN ('pending', 'sent', 'written', 'confirmed', 'unfit', 'refused', 'removing', 'removed')",
            name="state",
        ),
        sa.UniqueConstraint("device_id", "template_id"),
        sa.Index(
            "ix_device_templates_open",
            "device_id",
            "state",
            postgresql_where=sa.text("state IN ('pending', 'sent', 'written', 'removing')"),
        ),
        sa.Index("ix_device_templates_template_id", "template_id"),
    )


def _consent_texts() -> None:
    op.create_table(
        "consent_texts",
        identifier(),
        sa.Column("version", sa.Integer, unique=True, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
    )


def _staff_consents() -> None:
    op.create_table(
        "staff_consents",
        identifier(),
        sa.Column("staff_id", sa.Uuid, sa.ForeignKey("staff.id", ondelete="CASCADE"), nullable=False),
        sa.Column("text_id", sa.Uuid, sa.ForeignKey("consent_texts.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("how", sa.String(16), nullable=False),
        sa.Column("note", sa.String(400), server_default="", nullable=False),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.Column("recorded_by", sa.String(200), nullable=False),
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("ended_because", sa.String(16), server_default="", nullable=False),
        sa.Column("ended_by", sa.String(200), server_default="", nullable=False),
        sa.CheckConstraint("how IN ('written', 'electronic', 'spoken')", name="how"),
        sa.CheckConstraint("ended_because IN ('', 'withdrawn', 'renewed')", name="ended_because"),
        sa.Index("ix_staff_consents_staff_id", "staff_id", "id"),
        sa.Index("uq_staff_consents_standing", "staff_id", unique=True, postgresql_where=sa.text("ended_at IS NULL")),
    )


def _enrolment_sessions() -> None:
    op.create_table(
        "enrolment_sessions",
        identifier(),
        sa.Column("staff_id", sa.Uuid, sa.ForeignKey("staff.id", ondelete="CASCADE"), nullable=False),
        sa.Column("device_id", sa.Uuid, sa.ForeignKey("devices.id", ondelete="CASCADE"), nullable=False),
        sa.Column("pin", sa.String(24), nullable=False),
        sa.Column("template_type", sa.String(16), nullable=False),
        sa.Column("finger_index", sa.SmallInteger, nullable=False),
        sa.Column("state", sa.String(16), server_default="asked", nullable=False),
        sa.Column("touch", sa.SmallInteger, server_default=sa.text("0"), nullable=False),
        sa.Column("message", sa.String(300), server_default="", nullable=False),
        sa.Column("seconds", sa.SmallInteger, server_default=sa.text("60"), nullable=False),
        sa.Column("requested_by", sa.String(200), nullable=False),
        sa.Column("command_id", sa.BigInteger),
        sa.Column("template_id", sa.Uuid, sa.ForeignKey("biometric_templates.id", ondelete="SET NULL")),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT),
        *timestamps(),
        sa.CheckConstraint(
            "state IN ('asked', 'sent', 'started', 'touch', 'stored', 'distributed', 'failed', 'cancelled', "
            "'timed_out')",
            name="state",
        ),
        sa.CheckConstraint("template_type IN ('FINGERPRINT', 'FACE', 'PALM')", name="template_type"),
        sa.CheckConstraint("finger_index BETWEEN 0 AND 9", name="finger_index"),
        sa.Index("ix_enrolment_sessions_staff_id", "staff_id", "id"),
        sa.Index(
            "uq_enrolment_sessions_open",
            "device_id",
            unique=True,
            postgresql_where=sa.text("state IN ('asked', 'sent', 'started', 'touch')"),
        ),
    )


def _enrolment_steps() -> None:
    op.create_table(
        "enrolment_steps",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("session_id", sa.Uuid, sa.ForeignKey("enrolment_sessions.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("touch", sa.SmallInteger, server_default=sa.text("0"), nullable=False),
        sa.Column("message", sa.String(300), server_default="", nullable=False),
        sa.Index("ix_enrolment_steps_session_id", "session_id", "id"),
    )


def _biometric_access() -> None:
    op.create_table(
        "biometric_access",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("template_id", sa.Uuid, nullable=False),
        sa.Column("staff_id", sa.Uuid),
        sa.Column("device_id", sa.Uuid),
        sa.Column("purpose", sa.String(24), nullable=False),
        sa.Column("actor_kind", sa.String(16), nullable=False),
        sa.Column("actor_label", sa.String(200), nullable=False),
        sa.Column("correlation_id", sa.String(64), server_default="", nullable=False),
        sa.Index("ix_biometric_access_staff_id", "staff_id", "id"),
        sa.Index("ix_biometric_access_template_id", "template_id", "id"),
    )
