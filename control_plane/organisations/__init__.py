"""Organisations: what was asked of each, what was seen of it, and the phase that follows from both."""
