"""The audit trail: read, exported, chained, verified."""
