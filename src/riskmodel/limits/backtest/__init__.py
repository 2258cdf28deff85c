"""The back-test: a month's book beside what came of it."""
