"""What a demand sends: applications, arrivals and sizes of messages, one kind a file. Pure."""
