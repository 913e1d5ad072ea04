from __future__ import annotations

import pytest
from fastapi import FastAPI

from foundation.database import Database
from tests.tenant_stack.actors import Api, Bridge
from tests.tenant_stack.biometrics.people import World


@pytest.fixture
def world(app: FastAPI, api: Api, bridge: Bridge, database: Database) -> World:
    return World(app, api, bridge, database)
