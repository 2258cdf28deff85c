"""Checks of the data contract, from a file's bytes to its rows."""
