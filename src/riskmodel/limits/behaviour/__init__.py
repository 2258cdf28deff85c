"""Behaviour of past lines: the response of default to the limit, and utilisation."""
