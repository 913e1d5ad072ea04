"""Reports people read: one query layer, four writers, runs that survive, schedules."""
