"""Recourse: what an enterprise could change to reach the next limit."""
