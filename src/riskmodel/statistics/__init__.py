"""Statistics of default models, each written once; weights let a bootstrap reuse them."""
