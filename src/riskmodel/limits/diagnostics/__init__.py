"""Diagnostics of a month's book: its uncertainty, its stability, and regional parity."""
