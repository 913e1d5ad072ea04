"""Three minutes in which everything that can be cut or killed is, and what is left of the punches afterwards."""
