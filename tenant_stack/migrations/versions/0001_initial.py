"""The first tables of a tenant stack, with its permissions and built-in roles.

Revision: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

PERMISSIONS = {
    "staff": ["create", "read", "update", "delete", "sync", "export"],
    "devices": ["create", "read", "update", "delete", "sync", "export", "approve"],
    "reports": ["create", "read", "update", "delete", "export"],
    "attendance": ["create", "read", "update", "export", "approve"],
    "users": ["read"],
}
EVERYTHING = [f"{resource}:{action}" for resource, actions in PERMISSIONS.items() for action in actions]
READ = ["staff:read", "devices:read", "reports:read", "attendance:read"]
ROLES = {
    "owner": ("Owner", EVERYTHING),
    "administrator": ("Administrator", EVERYTHING),
    "manager": (
        "Manager",
        [
            *READ,
            *("staff:update", "staff:export", "devices:sync", "reports:create", "reports:export"),
            *("attendance:update", "attendance:approve", "attendance:export"),
        ],
    ),
    "viewer": ("Viewer", READ),
}

NORMAL_PIN = "CASE WHEN {0} ~ '^[0-9]+$' THEN coalesce(nullif(ltrim({0}, '0'), ''), '0') ELSE {0} END"

# A raw punch may get its owner once; nothing else of it ever changes.
KEEP_PUNCHES = (
    """
CREATE FUNCTION keep_punch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.staff_id IS NOT NULL OR to_jsonb(NEW) - 'staff_id' <> to_jsonb(OLD) - 'staff_id' THEN
        RAISE EXCEPTION 'punch_logs are never edited and never deleted';
    END IF;
    RETURN NEW;
END $$
""",
    "CREATE TRIGGER keep_punch BEFORE UPDATE OR DELETE ON punch_logs FOR EACH ROW EXECUTE FUNCTION keep_punch()",
)
KEEP_TRAIL = (
    """
CREATE FUNCTION keep_trail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_log is only ever added to';
END $$
""",
    "CREATE TRIGGER keep_trail BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log "
    "FOR EACH STATEMENT EXECUTE FUNCTION keep_trail()",
)


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.String(length=80), nullable=False),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=64), server_default="", nullable=False),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("target_kind", sa.String(length=40), nullable=False),
        sa.Column("target_id", sa.String(length=80), nullable=False),
        sa.Column("before", JSONB(), nullable=True),
        sa.Column("after", JSONB(), nullable=True),
        sa.Column("correlation_id", sa.String(length=64), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index(op.f("ix_audit_log_action"), "audit_log", ["action"], unique=False)
    op.create_index(op.f("ix_audit_log_target_id"), "audit_log", ["target_id"], unique=False)
    op.create_table(
        "devices",
        sa.Column("device_serial", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("connection", sa.String(length=8), nullable=False),
        sa.Column("ip_address", sa.String(length=45), nullable=True),
        sa.Column("port", sa.Integer(), server_default=sa.text("4370"), nullable=False),
        sa.Column("comm_key", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("location", sa.String(length=200), nullable=True),
        sa.Column("device_config", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("source_address", sa.String(length=64), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seen", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("last_sync_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_punch_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pull_state", sa.String(length=16), nullable=True),
        sa.Column("pull_message", sa.String(length=300), server_default="", nullable=False),
        sa.Column("announced_status", sa.String(length=20), server_default="", nullable=False),
        sa.Column("firmware", sa.String(length=120), nullable=True),
        sa.Column("clock_offset_seconds", sa.Integer(), nullable=True),
        sa.Column("counts", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("info", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("stored_punches", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("connection IN ('push', 'pull')", name=op.f("ck_devices_connection")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("device_serial", name=op.f("uq_devices_device_serial")),
    )
    op.create_index("ix_devices_name_id", "devices", ["name", "id"], unique=False)
    op.create_table(
        "oauth_clients",
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", JSONB(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oauth_clients")),
        sa.UniqueConstraint("client_id", name=op.f("uq_oauth_clients_client_id")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("topic", sa.String(length=80), nullable=False),
        sa.Column("payload", JSONB(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(op.f("ix_outbox_due_at"), "outbox", ["due_at"], unique=False)
    op.create_table(
        "permissions",
        sa.Column("resource", sa.String(length=24), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permissions")),
        sa.UniqueConstraint("resource", "action", name=op.f("uq_permissions_resource_action")),
    )
    op.create_table(
        "refused_contacts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("last_serial", sa.String(length=64), nullable=False),
        sa.Column("last_address", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_refused_contacts")),
    )
    op.create_table(
        "roles",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("name", name=op.f("uq_roles_name")),
    )
    op.create_table(
        "sign_in_connection",
        sa.Column("id", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("issuer", sa.String(length=300), nullable=False),
        sa.Column("client_id", sa.String(length=200), nullable=False),
        sa.Column("secret_path", sa.String(length=200), nullable=False),
        sa.Column("display_name", sa.String(length=80), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_sign_in_connection_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_connection")),
    )
    op.create_table(
        "staff",
        sa.Column("employee_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("badge_number", sa.String(length=64), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("department", sa.String(length=120), nullable=True),
        sa.Column("job_title", sa.String(length=120), nullable=True),
        sa.Column("hired_on", sa.Date(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("enrollment_status", sa.String(length=16), server_default="not_enrolled", nullable=False),
        sa.Column(
            "employee_pin",
            sa.String(length=64),
            sa.Computed(
                NORMAL_PIN.format("employee_id"),
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column(
            "badge_pin",
            sa.String(length=64),
            sa.Computed(
                NORMAL_PIN.format("badge_number"),
                persisted=True,
            ),
            nullable=True,
        ),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "enrollment_status IN ('not_enrolled', 'pending', 'partial', 'enrolled')",
            name=op.f("ck_staff_enrollment_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("badge_number", name=op.f("uq_staff_badge_number")),
        sa.UniqueConstraint("employee_id", name=op.f("uq_staff_employee_id")),
    )
    op.create_index("ix_staff_badge_pin", "staff", ["badge_pin"], unique=False)
    op.create_index("ix_staff_employee_pin", "staff", ["employee_pin"], unique=False)
    op.create_index("ix_staff_name_id", "staff", ["name", "id"], unique=False)
    op.create_table(
        "users",
        sa.Column("issuer", sa.String(length=300), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("last_sign_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_users_issuer_subject")),
    )
    op.create_table(
        "attendance_records",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("work_date", sa.Date(), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("first_in", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_out", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worked_minutes", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("punch_count", sa.Integer(), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.CheckConstraint("status IN ('present', 'incomplete')", name=op.f("ck_attendance_records_status")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_attendance_records_staff_id_staff"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_records")),
        sa.UniqueConstraint("staff_id", "work_date", name=op.f("uq_attendance_records_staff_id_work_date")),
    )
    op.create_index("ix_attendance_records_work_date_id", "attendance_records", ["work_date", "id"], unique=False)
    op.create_table(
        "device_enrollments",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("pin", sa.String(length=24), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=16), server_default="pending", nullable=False),
        sa.Column("origin", sa.String(length=24), server_default="assigned", nullable=False),
        sa.Column("message", sa.String(length=300), server_default="", nullable=False),
        sa.Column("reported_name", sa.String(length=48), nullable=True),
        sa.Column("reported_card", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "origin IN ('assigned', 'matched_badge', 'matched_employee_id', 'reported')",
            name=op.f("ck_device_enrollments_origin"),
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'enrolled', 'failed', 'removing')", name=op.f("ck_device_enrollments_status")
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_device_enrollments_device_id_devices"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_device_enrollments_staff_id_staff"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_enrollments")),
        sa.UniqueConstraint("device_id", "pin", name=op.f("uq_device_enrollments_device_id_pin")),
    )
    op.create_index("ix_device_enrollments_staff_id", "device_enrollments", ["staff_id"], unique=False)
    op.create_table(
        "pending_staff_days",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("work_date", sa.Date(), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_pending_staff_days_staff_id_staff"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("staff_id", "work_date", name=op.f("pk_pending_staff_days")),
    )
    op.create_table(
        "punch_logs",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("pin", sa.String(length=24), nullable=False),
        sa.Column("raw_pin", sa.String(length=24), nullable=False),
        sa.Column("local_time", sa.DateTime(), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("punched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("verify", sa.SmallInteger(), nullable=False),
        sa.Column("work_code", sa.String(length=24), nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("clock_offset_seconds", sa.Integer(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_punch_logs_device_id_devices"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_punch_logs_staff_id_staff"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", "local_time", name=op.f("pk_punch_logs")),
        sa.UniqueConstraint("device_id", "pin", "local_time", "status", name="uq_punch_logs_identity"),
        postgresql_partition_by="RANGE (local_time)",
    )
    op.create_index("ix_punch_logs_punched_at_id", "punch_logs", ["punched_at", "id"], unique=False)
    op.create_index("ix_punch_logs_staff_id_local_time", "punch_logs", ["staff_id", "local_time"], unique=False)
    op.create_index(
        "ix_punch_logs_unknown",
        "punch_logs",
        ["pin", "device_id"],
        unique=False,
        postgresql_where=sa.text("staff_id IS NULL"),
    )
    op.create_table(
        "quarantined_lines",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_quarantined_lines_device_id_devices"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantined_lines")),
        sa.UniqueConstraint("device_id", "digest", name=op.f("uq_quarantined_lines_device_id_digest")),
    )
    op.create_index("ix_quarantined_lines_received_at_id", "quarantined_lines", ["received_at", "id"], unique=False)
    op.create_table(
        "role_permissions",
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.Column("permission_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["permission_id"],
            ["permissions.id"],
            name=op.f("fk_role_permissions_permission_id_permissions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["role_id"], ["roles.id"], name=op.f("fk_role_permissions_role_id_roles"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("role_id", "permission_id", name=op.f("pk_role_permissions")),
    )
    op.create_table(
        "sync_logs",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), server_default="requested", nullable=False),
        sa.Column("state", sa.String(length=16), server_default="queued", nullable=False),
        sa.Column("requested_by", sa.String(length=200), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stored_before", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("received", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("stored", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("duplicate", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("quarantined", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'retrying', 'done', 'failed')", name=op.f("ck_sync_logs_state")
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_sync_logs_device_id_devices"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_logs")),
    )
    op.create_index(
        "ix_sync_logs_device_id_created_at_id", "sync_logs", ["device_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "uq_sync_logs_open",
        "sync_logs",
        ["device_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('queued', 'running', 'retrying')"),
    )
    op.create_table(
        "user_roles",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["role_id"], ["roles.id"], name=op.f("fk_user_roles_role_id_roles"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_roles_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "role_id", name=op.f("pk_user_roles")),
    )
    op.create_table(
        "device_commands",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("payload", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("state", sa.String(length=8), server_default="queued", nullable=False),
        sa.Column("sync_id", sa.Uuid(), nullable=True),
        sa.Column("enrollment_id", sa.Uuid(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result_code", sa.Integer(), nullable=True),
        sa.Column("result_text", sa.String(length=512), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('queued', 'sent', 'done', 'failed')", name=op.f("ck_device_commands_state")),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_device_commands_device_id_devices"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["enrollment_id"],
            ["device_enrollments.id"],
            name=op.f("fk_device_commands_enrollment_id_device_enrollments"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["sync_id"], ["sync_logs.id"], name=op.f("fk_device_commands_sync_id_sync_logs"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_commands")),
    )
    op.create_index(
        "ix_device_commands_open",
        "device_commands",
        ["device_id", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'sent')"),
    )
    for statement in (*KEEP_PUNCHES, *KEEP_TRAIL):
        op.execute(statement)
    _seed()


def _seed() -> None:
    connection = op.get_bind()
    for resource, actions in PERMISSIONS.items():
        for action in actions:
            connection.execute(
                sa.text("INSERT INTO permissions (resource, action) VALUES (:resource, :action)"),
                {"resource": resource, "action": action},
            )
    for name, (title, permissions) in ROLES.items():
        connection.execute(
            sa.text("INSERT INTO roles (name, title) VALUES (:name, :title)"), {"name": name, "title": title}
        )
        connection.execute(
            sa.text(
                "INSERT INTO role_permissions (role_id, permission_id) SELECT r.id, p.id FROM roles r, permissions p "
                "WHERE r.name = :name AND p.resource || ':' || p.action = ANY(:permissions)"
            ),
            {"name": name, "permissions": permissions},
        )


def downgrade() -> None:
    for table in (
        "device_commands",
        "user_roles",
        "sync_logs",
        "role_permissions",
        "quarantined_lines",
        "punch_logs",
        "pending_staff_days",
        "device_enrollments",
        "attendance_records",
        "users",
        "staff",
        "sign_in_connection",
        "roles",
        "refused_contacts",
        "permissions",
        "outbox",
        "oauth_clients",
        "devices",
        "audit_log",
    ):
        op.drop_table(table)
    op.execute("DROP FUNCTION keep_punch(), keep_trail()")
