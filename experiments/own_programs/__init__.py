"""Programs of a user's own in the network of a topology: ``corridor lab``."""
