"""Trained networks whose couplings are changed at test time: what routing does once learned."""
