"""Suites that every implementation of one of our protocols passes."""
