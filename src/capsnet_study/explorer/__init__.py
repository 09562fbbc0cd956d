"""The report as one page to explore: its text and figures, and charts that answer the mouse."""
