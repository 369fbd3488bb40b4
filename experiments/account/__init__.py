"""Where every packet of a run went: delivered, or lost where and by what. Pure."""
