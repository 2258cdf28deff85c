"""The report that a credit officer reads."""
