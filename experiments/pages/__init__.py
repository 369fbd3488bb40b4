"""One self-contained page that shows results to people: folder content in, HTML text out. Pure."""

REPORT = "report.html"
