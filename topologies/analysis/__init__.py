"""Questions a topology answers by itself: what is doubtful in it, what latency to expect. Pure."""
