"""The rows that a run recorded, read as columns, and the account of every packet. Pure."""
