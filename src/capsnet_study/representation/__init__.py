"""What networks and controls make of the manifold sets, and maps of it (paper 3.2)."""
