"""Biometric templates that nobody else can read."""
