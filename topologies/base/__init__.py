"""What every room rests on: errors, units, documents with line numbers, JSON."""
