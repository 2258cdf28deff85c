"""Leakage: columns that tell of the outcome what could not be known beforehand."""
