"""From intents to tables: forwarding graphs, labels, programs, two-phase plans. Pure."""
