"""The stages of a run: one module a stage, each with one function that its notebook calls."""
