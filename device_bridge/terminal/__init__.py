"""The pull protocol on port 4370: we call the clock and keep one conversation with it."""
