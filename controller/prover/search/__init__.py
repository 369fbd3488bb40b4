"""Sets of headers, the declared network, and the search over every view of failures. Pure."""
