"""Telling other systems what happened: signed, retried, replayable."""
