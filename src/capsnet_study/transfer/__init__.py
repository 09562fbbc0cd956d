"""Transfer between domains: layers kept, re-trained or random (paper 3.3)."""
