"""Routes for the other services of the platform; never for people."""
