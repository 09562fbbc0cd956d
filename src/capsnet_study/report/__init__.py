"""The report and the results in the README: numbers into words."""
