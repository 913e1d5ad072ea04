"""``punctual demo``: two organisations with people, clocks and a month of believable history, live."""
