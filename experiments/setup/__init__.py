"""What set-up installs, what is missing on this machine, and the checks of a checkout."""
