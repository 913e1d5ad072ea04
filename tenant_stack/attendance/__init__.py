"""Attendance records: one a person and day, computed from punches."""
