"""The API against its own document, as each built-in role: no 5xx, no status and no body that is not documented."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from control_plane.local.platform import Platform
from tenant_stack.access.clients import PERSONS_ONLY
from tenant_stack.access.permissions import PERMISSIONS
from tests.operator import Operator
from tests.security.operations import OPERATIONS, Caller, Case
from tests.security.twins import lift_limits

EXAMPLES = int(os.environ.get("PUNCTUAL_CONTRACT_EXAMPLES", "6"))
SLUG = "contract"


@pytest.fixture(scope="module")
def callers(platform: Platform, operator: Operator) -> dict[str, Caller]:
    """A machine with the permissions of each built-in role, and an organisation with something in it."""

    async def client(scopes: Iterable[str]) -> Caller:
        async with operator.console() as console:
            return Caller.of(await operator.client(console, SLUG, scopes=sorted(set(scopes) - PERSONS_ONLY)), platform)

    async def onboard() -> Caller:
        async with operator.console() as console:
            await operator.onboard(console, SLUG)
        return await client(PERMISSIONS)

    owner = asyncio.run(onboard())
    roles = [role for role in owner.get("/api/roles").json()["items"] if role["built_in"]]
    callers = {role["name"]: asyncio.run(client(role["permissions"])) for role in roles}
    assert callers.keys() >= {"owner", "administrator", "manager", "viewer"}
    asyncio.run(lift_limits(platform, SLUG))
    owner.post("/api/sites", {"code": "H1", "name": "Harbour", "zone": "Asia/Dubai"})
    owner.post("/api/staff", {"employee_id": "1", "name": "Ann"})
    owner.post("/api/devices", {"device_serial": "C1", "name": "Gate", "connection": "push"})
    owner.look_around()
    for caller in callers.values():
        caller.known = owner.known
    return callers


@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_every_answer_is_documented(label: str, callers: dict[str, Caller]) -> None:
    operation = OPERATIONS[label]
    fitting, wrong = (operation.as_strategy(mode) for mode in schemathesis.GenerationMode)

    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=st.one_of(fitting, wrong), aimed=st.booleans())
    def ask(case: Case, aimed: bool) -> None:
        if aimed:
            callers["owner"].aim(case)
        for role, caller in callers.items():
            response = caller.ask(case)
            assert response.status_code != 429, "the limit of requests hides the answers"
            assert response.status_code < 500, f"{role}: {response.status_code} {response.text[:500]}"
            case.validate_response(
                response, checks=[status_code_conformance, content_type_conformance, response_schema_conformance]
            )

    ask()
