"""Feature features, one file a table family."""
