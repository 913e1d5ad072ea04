"""Punch clocks: what we want of them and what they told us."""
