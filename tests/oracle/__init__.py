"""The attendance oracle: neutral scenario facts, and the adapter that puts them to the engine."""
