"""From intents to the tables that serve them: trees, labels, programs, two-phase plans. Pure."""
