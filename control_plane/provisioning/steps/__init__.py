"""The steps of a stack, in the order in which they are applied; removal walks backwards."""

from __future__ import annotations

from control_plane.provisioning.step import Step
from control_plane.provisioning.steps.credentials import CredentialsStep
from control_plane.provisioning.steps.database import DatabaseStep
from control_plane.provisioning.steps.encryption import EncryptionStep
from control_plane.provisioning.steps.routing import RoutingStep
from control_plane.provisioning.steps.schema import SchemaStep
from control_plane.provisioning.steps.sign_in import SignInStep
from control_plane.provisioning.steps.smoke import SmokeStep
from control_plane.provisioning.steps.stack import StackStep

STEPS: tuple[Step, ...] = (
    DatabaseStep(),
    EncryptionStep(),
    CredentialsStep(),
    SchemaStep(),
    StackStep(),
    RoutingStep(),
    SignInStep(),
    SmokeStep(),
)
STEP_NAMES: tuple[str, ...] = tuple(step.name for step in STEPS)
