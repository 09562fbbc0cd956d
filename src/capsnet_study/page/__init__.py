"""The page: the report in HTML, with interactive charts in place of some of its figures."""
