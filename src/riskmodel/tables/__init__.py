"""Declared tables: the canonical ones and how a table is declared."""
