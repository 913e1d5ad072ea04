"""Which people belong on which clocks: groups, the wanted state, and what has to be done about the difference."""
