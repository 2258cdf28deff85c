"""The model registry: versions, reviews, and the served model."""
