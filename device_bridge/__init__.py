"""The device bridge: a protocol adapter between punch clocks and one organisation's back end. It stores nothing."""
