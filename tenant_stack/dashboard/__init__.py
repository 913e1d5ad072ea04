"""The present day at a glance."""
