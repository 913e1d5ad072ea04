"""The people and machines that run the platform, and how they sign in."""
