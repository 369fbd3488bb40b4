"""Changes the code that makes tables, one place at a time, and asks whether the proof notices."""
