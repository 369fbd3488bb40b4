"""What a demand sends: probes, streams, transfers."""
