"""Feature cards, one file a table family."""
