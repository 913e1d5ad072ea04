"""Table of the logo."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from foundation.database import Instant, column
from tenant_stack.tables.base import Base


class OrganisationLogo(Base, table=True):
    """The logo as it is printed: a PNG that we have drawn anew. One row, or none."""

    __tablename__ = "organisation_logo"
    __table_args__ = (
        sa.CheckConstraint("id = 1", name="single"),
        sa.CheckConstraint("width BETWEEN 1 AND 720 AND height BETWEEN 1 AND 240", name="size"),
    )

    id: int = column(autoincrement=False, primary_key=True)
    content: bytes = column(sa.LargeBinary)
    sha256: str = Field(max_length=64)
    width: int
    height: int
    file_name: str = Field(max_length=120)
    changed_by: str = Field(max_length=200)
    changed_at: datetime = column(Instant)
