"""Support access: an operator of the platform looks into the organisation, for a while, with a reason, in view."""
