"""What users type and see at a terminal: parser, completion, manual page, tables, colours,
live progress.
"""
