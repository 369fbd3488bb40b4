"""What a kernel is told of interfaces and disciplines, and what it says, in octets. Pure."""
