"""The run engine: folders, records, notebooks, kernels and tracking."""
