"""What set-up installs, what this machine lacks, and the checks of a checkout."""
