"""What policies speak of: jurisdictions, groups, operators and hubs, and answers not known."""
