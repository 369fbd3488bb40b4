"""JSON Schemas of what the program writes: files of results, and what commands print as JSON."""
