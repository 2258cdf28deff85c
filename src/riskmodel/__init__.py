"""From export and bank history to a default probability, its reasons, and each bank's limits."""

__version__ = "0.1.0"
