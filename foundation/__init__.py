"""What all three services stand on, and the contracts between them."""
