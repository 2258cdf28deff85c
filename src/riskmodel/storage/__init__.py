"""Atomic files, hashes and locks."""
