"""The benchmark of the features."""
