"""Raw punches: taken in, kept for ever, never edited."""
