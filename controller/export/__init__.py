"""Tables and what is asked of them, in forms that other tools read: one format a file."""
