"""Which paths a demand has by itself, and what each loads while one thing has failed."""
