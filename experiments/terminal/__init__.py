"""What a person at a terminal sees: its width, colours, live progress. Plain text elsewhere."""
