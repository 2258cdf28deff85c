"""Readers of what the stages of a run write, one module for each stage or input."""
