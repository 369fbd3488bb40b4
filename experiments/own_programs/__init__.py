"""Programs of a user's in the network of a topology: ``corridor lab``."""
