"""What every room stands on: errors, units, documents with line numbers, JSON."""
