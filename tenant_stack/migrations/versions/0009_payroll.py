"""Payroll profiles, batches, webhooks; when a record last changed.

Revision: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())
NOW = sa.text("now()")
NOTHING = sa.text("''")


def _id() -> sa.Column[object]:
    return sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False)


def _instant(name: str, *, now: bool = False) -> sa.Column[object]:
    if now:
        return sa.Column(name, sa.DateTime(timezone=True), server_default=NOW, nullable=False)
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _stamps() -> tuple[sa.Column[object], sa.Column[object]]:
    return _instant("created_at", now=True), _instant("updated_at", now=True)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False)


def _words(name: str, length: int | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.String(length) if length else sa.Text(), server_default=NOTHING, nullable=False)


def _flag(name: str, value: str = "false") -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), server_default=sa.text(value), nullable=False)


def upgrade() -> None:
    _make_changed_at()
    _make_payroll()
    _make_webhooks()


def _make_changed_at() -> None:
    """Machines ask for what changed since they asked last; approving and locking are changes too."""
    op.add_column("attendance_records", _instant("changed_at", now=True))
    op.create_index("ix_attendance_records_changed_at", "attendance_records", ["changed_at"])
    op.execute("""
        CREATE FUNCTION attendance_record_changed() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN NEW.changed_at := now(); RETURN NEW; END $$
    """)
    op.execute("""
        CREATE TRIGGER attendance_record_changed BEFORE UPDATE ON attendance_records
        FOR EACH ROW EXECUTE FUNCTION attendance_record_changed()
    """)


def _make_payroll() -> None:
    op.create_table(
        "payroll_profiles",
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("definition", JSONB, nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        _id(),
        *_stamps(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payroll_profiles")),
        sa.UniqueConstraint("code", name=op.f("uq_payroll_profiles_code")),
    )
    op.create_table(
        "payroll_batches",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("state", sa.String(12), server_default="queued", nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("filters", JSONB, server_default=sa.text("'{}'"), nullable=False),
        _flag("unapproved"),
        sa.Column("profile_code", sa.String(40), nullable=False),
        sa.Column("profile_name", sa.String(120), nullable=False),
        sa.Column("definition", JSONB, nullable=False),
        sa.Column("made_by", sa.String(80), nullable=False),
        sa.Column("made_name", sa.String(200), nullable=False),
        sa.Column("request_key", sa.String(100), nullable=True),
        _words("file_name", 200),
        _words("media_type", 80),
        _words("sha256", 64),
        _number("size"),
        _number("rows"),
        _number("people"),
        _flag("differences"),
        sa.Column("totals", JSONB, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("warnings", JSONB, server_default=sa.text("'[]'"), nullable=False),
        _words("error"),
        _instant("done_at"),
        _words("withdrawn_name", 200),
        _instant("withdrawn_at"),
        _words("withdrawn_reason"),
        _id(),
        *_stamps(),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_payroll_batches_span")),
        sa.CheckConstraint("state IN ('queued', 'done', 'failed', 'withdrawn')", name=op.f("ck_payroll_batches_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payroll_batches")),
        sa.UniqueConstraint("number", name=op.f("uq_payroll_batches_number")),
        sa.UniqueConstraint("made_by", "request_key", name=op.f("uq_payroll_batches_made_by_request_key")),
    )
    op.create_index(
        "ix_payroll_batches_queued", "payroll_batches", ["id"], postgresql_where=sa.text("state = 'queued'")
    )
    op.create_table(
        "payroll_files",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["payroll_batches.id"],
            name=op.f("fk_payroll_files_batch_id_payroll_batches"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_payroll_files")),
    )
    op.create_table(
        "payroll_paid",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("work_date", sa.Date(), nullable=False),
        sa.Column("carried_in", sa.Uuid(), nullable=True),
        sa.Column("amounts", JSONB, nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["payroll_batches.id"],
            name=op.f("fk_payroll_paid_batch_id_payroll_batches"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_payroll_paid_staff_id_staff"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["carried_in"],
            ["attendance_periods.id"],
            name=op.f("fk_payroll_paid_carried_in_attendance_periods"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payroll_paid")),
    )
    op.create_index(op.f("ix_payroll_paid_batch_id"), "payroll_paid", ["batch_id"])
    op.create_index("ix_payroll_paid_staff_id_work_date", "payroll_paid", ["staff_id", "work_date"])


def _make_webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("events", JSONB, nullable=False),
        _flag("active", "true"),
        _words("disabled_reason"),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("previous_secret", sa.Text(), nullable=True),
        _instant("previous_until"),
        _instant("secret_made_at", now=True),
        _instant("failing_since"),
        _instant("last_success_at"),
        _id(),
        *_stamps(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(12), server_default="waiting", nullable=False),
        _number("attempts"),
        _instant("began_at", now=True),
        _instant("next_at", now=True),
        _instant("held_until"),
        sa.Column("last_status", sa.Integer(), nullable=True),
        _words("last_error"),
        _instant("last_at"),
        sa.Column("milliseconds", sa.Integer(), nullable=True),
        _instant("delivered_at"),
        _id(),
        *_stamps(),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'failed')", name=op.f("ck_webhook_deliveries_state")),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhooks.id"],
            name=op.f("fk_webhook_deliveries_webhook_id_webhooks"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("webhook_id", "event_id", name=op.f("uq_webhook_deliveries_webhook_id_event_id")),
    )
    op.create_index(
        "ix_webhook_deliveries_due", "webhook_deliveries", ["next_at"], postgresql_where=sa.text("state = 'waiting'")
    )


def downgrade() -> None:
    for table in ("webhook_deliveries", "webhooks", "payroll_paid", "payroll_files", "payroll_batches"):
        op.drop_table(table)
    op.drop_table("payroll_profiles")
    op.execute("DROP TRIGGER attendance_record_changed ON attendance_records")
    op.execute("DROP FUNCTION attendance_record_changed()")
    op.drop_index("ix_attendance_records_changed_at", "attendance_records")
    op.drop_column("attendance_records", "changed_at")
