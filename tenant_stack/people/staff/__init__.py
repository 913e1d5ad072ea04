"""People who punch, and their place on clocks."""
