"""Which organisation a clock's serial belongs to."""
