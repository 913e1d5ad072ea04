"""Configuration of attendance, through its API and as the engine gets it."""
