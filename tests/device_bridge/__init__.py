"""Tests of the device bridge."""
