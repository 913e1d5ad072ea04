"""Live events: from Valkey to open browser pages."""
