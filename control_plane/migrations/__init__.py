"""The control database's schema."""

from __future__ import annotations

from pathlib import Path

from foundation.migrations import Migrations

MIGRATIONS = Migrations(Path(__file__).parent, lock=4_370_001)
