"""What leaves the project: executed notebooks, tracked runs, reviewed versions, bank files."""
