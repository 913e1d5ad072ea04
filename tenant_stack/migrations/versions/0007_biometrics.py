"""Biometric templates, consent, enrolment sessions, access to templates.

Revision: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

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


def upgrade() -> None:
    op.create_table(
        "biometric_access",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("purpose", sa.String(length=24), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.Column("correlation_id", sa.String(length=64), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_biometric_access")),
    )
    op.create_index("ix_biometric_access_staff_id", "biometric_access", ["staff_id", "id"], unique=False)
    op.create_index("ix_biometric_access_template_id", "biometric_access", ["template_id", "id"], unique=False)
    op.create_table(
        "consent_texts",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_texts")),
        sa.UniqueConstraint("version", name=op.f("uq_consent_texts_version")),
    )
    op.create_table(
        "biometric_templates",
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("template_type", sa.String(length=16), nullable=False),
        sa.Column("template_format", sa.String(length=16), nullable=False),
        sa.Column("template_data", sa.Text(), nullable=True),
        sa.Column("quality_score", sa.SmallInteger(), nullable=True),
        sa.Column("finger_index", sa.SmallInteger(), nullable=False),
        sa.Column("part", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("valid", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("origin_device_id", sa.Uuid(), nullable=True),
        sa.Column("origin_pin", sa.String(length=24), nullable=True),
        sa.Column("unreadable_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leaver_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("captured_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erased_because", sa.String(length=40), server_default="", nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(state = 'revoked') = (template_data IS NULL)", name=op.f("ck_biometric_templates_template_data_erased")
        ),
        sa.CheckConstraint(
            "state <> 'active' OR staff_id IS NOT NULL", name=op.f("ck_biometric_templates_active_is_somebodys")
        ),
        sa.CheckConstraint("state IN ('quarantined', 'active', 'revoked')", name=op.f("ck_biometric_templates_state")),
        sa.CheckConstraint("template_data LIKE 'vault:v%%'", name=op.f("ck_biometric_templates_template_data_sealed")),
        sa.CheckConstraint(
            "template_type IN ('FINGERPRINT', 'FACE', 'PALM')", name=op.f("ck_biometric_templates_template_type")
        ),
        sa.CheckConstraint("finger_index BETWEEN 0 AND 9", name=op.f("ck_biometric_templates_finger_index")),
        sa.CheckConstraint("part BETWEEN 0 AND 31", name=op.f("ck_biometric_templates_part")),
        sa.CheckConstraint("quality_score BETWEEN 0 AND 100", name=op.f("ck_biometric_templates_quality_score")),
        sa.CheckConstraint("valid IN (1, 3)", name=op.f("ck_biometric_templates_valid")),
        sa.ForeignKeyConstraint(
            ["origin_device_id"],
            ["devices.id"],
            name=op.f("fk_biometric_templates_origin_device_id_devices"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_biometric_templates_staff_id_staff"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_biometric_templates")),
    )
    op.create_index("ix_biometric_templates_key_version", "biometric_templates", ["key_version", "id"], unique=False)
    op.create_index("ix_biometric_templates_staff_id", "biometric_templates", ["staff_id"], unique=False)
    op.create_index(
        "uq_biometric_templates_of_nobody",
        "biometric_templates",
        ["origin_device_id", "origin_pin", "template_type", "finger_index", "part", "template_format"],
        unique=True,
        postgresql_where=sa.text("state <> 'revoked' AND staff_id IS NULL"),
    )
    op.create_index(
        "uq_biometric_templates_of_staff",
        "biometric_templates",
        ["staff_id", "template_type", "finger_index", "part", "template_format"],
        unique=True,
        postgresql_where=sa.text("state <> 'revoked' AND staff_id IS NOT NULL"),
    )
    op.create_table(
        "staff_consents",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("text_id", sa.Uuid(), nullable=False),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("note", sa.String(length=400), server_default="", nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_because", sa.String(length=16), server_default="", nullable=False),
        sa.Column("ended_by", sa.String(length=200), server_default="", nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.CheckConstraint(
            "ended_because IN ('', 'withdrawn', 'renewed')", name=op.f("ck_staff_consents_ended_because")
        ),
        sa.CheckConstraint("how IN ('written', 'electronic', 'spoken')", name=op.f("ck_staff_consents_how")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_consents_staff_id_staff"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["text_id"], ["consent_texts.id"], name=op.f("fk_staff_consents_text_id_consent_texts"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_consents")),
    )
    op.create_index("ix_staff_consents_staff_id", "staff_consents", ["staff_id", "id"], unique=False)
    op.create_index(
        "uq_staff_consents_standing",
        "staff_consents",
        ["staff_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "device_templates",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("pin", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=16), server_default="pending", nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("message", sa.String(length=300), server_default="", nullable=False),
        sa.Column("command_id", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'sent', 'written', 'confirmed', 'unfit', 'refused', 'removing', 'removed')",
            name=op.f("ck_device_templates_state"),
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_device_templates_device_id_devices"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["biometric_templates.id"],
            name=op.f("fk_device_templates_template_id_biometric_templates"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_templates")),
        sa.UniqueConstraint("device_id", "template_id", name=op.f("uq_device_templates_device_id_template_id")),
    )
    op.create_index(
        "ix_device_templates_open",
        "device_templates",
        ["device_id", "state"],
        unique=False,
        postgresql_where=sa.text("state IN ('pending', 'sent', 'written', 'removing')"),
    )
    op.create_index("ix_device_templates_template_id", "device_templates", ["template_id"], unique=False)
    op.create_table(
        "enrolment_sessions",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("pin", sa.String(length=24), nullable=False),
        sa.Column("template_type", sa.String(length=16), nullable=False),
        sa.Column("finger_index", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), server_default="asked", nullable=False),
        sa.Column("touch", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("message", sa.String(length=300), server_default="", nullable=False),
        sa.Column("seconds", sa.SmallInteger(), server_default=sa.text("60"), nullable=False),
        sa.Column("requested_by", sa.String(length=200), nullable=False),
        sa.Column("command_id", sa.BigInteger(), nullable=True),
        sa.Column("template_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('asked', 'sent', 'started', 'touch', 'stored', 'distributed', 'failed', "
            "'cancelled', 'timed_out')",
            name=op.f("ck_enrolment_sessions_state"),
        ),
        sa.CheckConstraint(
            "template_type IN ('FINGERPRINT', 'FACE', 'PALM')", name=op.f("ck_enrolment_sessions_template_type")
        ),
        sa.CheckConstraint("finger_index BETWEEN 0 AND 9", name=op.f("ck_enrolment_sessions_finger_index")),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_enrolment_sessions_device_id_devices"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_enrolment_sessions_staff_id_staff"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["biometric_templates.id"],
            name=op.f("fk_enrolment_sessions_template_id_biometric_templates"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment_sessions")),
    )
    op.create_index("ix_enrolment_sessions_staff_id", "enrolment_sessions", ["staff_id", "id"], unique=False)
    op.create_index(
        "uq_enrolment_sessions_open",
        "enrolment_sessions",
        ["device_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('asked', 'sent', 'started', 'touch')"),
    )
    op.create_table(
        "enrolment_steps",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("touch", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("message", sa.String(length=300), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["enrolment_sessions.id"],
            name=op.f("fk_enrolment_steps_session_id_enrolment_sessions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment_steps")),
    )
    op.create_index("ix_enrolment_steps_session_id", "enrolment_steps", ["session_id", "id"], unique=False)
    for statement in KEEP_ACCESS:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("enrolment_steps")
    op.drop_table("enrolment_sessions")
    op.drop_table("device_templates")
    op.drop_table("staff_consents")
    op.drop_table("biometric_templates")
    op.drop_table("consent_texts")
    op.drop_table("biometric_access")
    op.execute("DROP FUNCTION keep_access()")
