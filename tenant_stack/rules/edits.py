"""Spans of presence and the edits people make to them: what may be added, moved, closed. Pure.

A span is (in, out) in seconds, out None while open. Spans of one person never overlap; touching is fine; an out is
later than its in; nobody arrives while inside and nobody leaves while outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tenant_stack.rules.validation import RuleProblem

Span = tuple[int, int | None]


def refuse_span(existing: Iterable[Span], new: Span) -> RuleProblem | None:
    """Why a span cannot be added (None: it can). The same in twice is not a conflict but nothing new."""
    entered, left = new
    if left is not None and left <= entered:
        return RuleProblem("out", "the out is not after the in")
    for start, end in existing:
        if end is None:
            if left is None:
                return RuleProblem("in", "there is an open in already")
            if left > start:
                return RuleProblem("in", "an open in comes before the out")
        elif entered < end and (left is None or left > start):
            if left is None and entered < start:
                continue
            return RuleProblem("in", "it overlaps a span that exists")
    return None


def refuse_move(spans: Sequence[Span], index: int, new: Span) -> RuleProblem | None:
    """Why a span cannot be changed to ``new`` (None: it can)."""
    return refuse_span([span for at, span in enumerate(spans) if at != index], new)


def refuse_arrival(spans: Sequence[Span]) -> RuleProblem | None:
    return RuleProblem("direction", "in while already in") if any(end is None for _, end in spans) else None


def refuse_departure(spans: Sequence[Span], at: int) -> RuleProblem | None:
    waiting = [start for start, end in spans if end is None]
    if not waiting:
        return RuleProblem("direction", "out while already out")
    if at <= waiting[-1]:
        return RuleProblem("out", "the out is not after the in")
    return None


def worked(spans: Iterable[Span]) -> int:
    """Seconds of the closed spans."""
    return sum(end - start for start, end in spans if end is not None)
