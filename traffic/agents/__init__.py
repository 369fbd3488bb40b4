"""The processes that send and receive for hubs, and the job that tells them what."""
