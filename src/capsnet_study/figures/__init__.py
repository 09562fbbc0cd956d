"""Figures of the study: each function takes tables or arrays and returns a Figure."""
