"""Pure attendance rules: no I/O, order does not matter, the same input gives the same answer."""
