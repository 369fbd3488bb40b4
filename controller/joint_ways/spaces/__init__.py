"""The possible paths of each demand, and what each loads while one thing has failed."""
