"""Typed messages that cross the border between two services."""
