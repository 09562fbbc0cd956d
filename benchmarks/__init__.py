"""Measurements of speed and memory; nothing of the study depends on them."""
