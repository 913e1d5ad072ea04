"""How a stack is run: one protocol, one driver for each kind of place."""
