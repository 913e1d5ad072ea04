"""Where a clock and we say different things of a person: who won, why, and how to overturn it."""
