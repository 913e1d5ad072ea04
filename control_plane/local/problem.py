"""What goes wrong with a platform on one machine, said in one sentence."""

from __future__ import annotations


class PlatformProblem(Exception):
    """Something a person can mend; the message says what, and what to do."""
