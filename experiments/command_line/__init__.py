"""The command line itself: its parser with suggestions, completion in shells, the manual page."""
