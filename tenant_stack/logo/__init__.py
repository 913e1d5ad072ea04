"""The organisation's own logo, printed on reports."""
