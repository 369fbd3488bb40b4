"""What to build next: candidate fibres and gateways, chosen exactly for lawful paths."""
