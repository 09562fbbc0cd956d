"""How faithful a map is to the grid of shifts (paper 3.2)."""
