"""Control plane: organisations, their stacks, and the operators who look after them."""
