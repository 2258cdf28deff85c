"""Leakage: columns that may hold information from after the outcome."""
