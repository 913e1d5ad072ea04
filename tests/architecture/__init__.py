"""Rules about the repository itself: its documents and its vocabulary."""
