"""Two A4 pages: a question, its answer, how certain it is, and what it rests on. Pure."""

BRIEF, COMPARISON, RISKS_PAGE = "brief.html", "comparison.html", "risks.html"
