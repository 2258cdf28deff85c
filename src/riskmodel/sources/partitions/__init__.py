"""Partitions of a source: whole enterprises, sorted on disk."""
