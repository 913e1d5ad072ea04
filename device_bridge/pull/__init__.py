"""Pull clocks: one supervisor for each, which keeps its connection and hands over what is on it."""
