"""The paper's claims, as they are declared and as they are judged."""
