"""Statistics of default models, each written once."""
