"""Sites, shifts, rosters, rules and calendars: what attendance is computed by, as dated data."""
