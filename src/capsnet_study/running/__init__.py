"""What runs where. Nothing here affects results: any number of workers gives the same bits."""
