"""Exact Shapley values of boosted trees."""
