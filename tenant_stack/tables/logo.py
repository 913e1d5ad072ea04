"""Table of the logo."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tenant_stack.tables.base import Base


class OrganisationLogo(Base):
    """The logo as it is printed: a PNG that we have drawn anew. One row, or none."""

    __tablename__ = "organisation_logo"
    __table_args__ = (
        sa.CheckConstraint("id = 1", name="single"),
        sa.CheckConstraint("width BETWEEN 1 AND 720 AND height BETWEEN 1 AND 240", name="size"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(deferred=True)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    width: Mapped[int]
    height: Mapped[int]
    file_name: Mapped[str] = mapped_column(sa.String(120))
    changed_by: Mapped[str] = mapped_column(sa.String(200))
    changed_at: Mapped[datetime]
