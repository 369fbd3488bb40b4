"""What a demand sends: applications, arrivals and sizes of messages. Pure."""
