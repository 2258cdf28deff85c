"""Bank files with their manifest, changes and report."""
