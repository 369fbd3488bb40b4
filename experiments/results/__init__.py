"""The summary of a run: effects of events, messages, comparison with the predictions. Pure."""
