"""What a scenario comes to before anything is measured, and what a run comes to in sentences."""
