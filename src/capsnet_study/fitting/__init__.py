"""The arms of the sweep side by side (paper 3.1)."""
