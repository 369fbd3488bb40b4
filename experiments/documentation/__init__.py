"""The site that is made of ``docs/``: its parts, its search, its build. An edge."""
