"""Who may use this organisation: people, roles, machines, sign-in."""
