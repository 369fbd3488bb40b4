"""What set-up installs, the checks of a checkout, the site of docs, the JSON Schemas of output."""
