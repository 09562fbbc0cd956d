"""One training: how it runs, what is measured while it does, and how it survives a kill."""
