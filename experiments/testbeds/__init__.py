"""Where runs take place: guests with either clock, or this machine. An edge."""
