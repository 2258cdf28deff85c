"""The points scorecard: bins, selection of features, fit, and SQL."""
