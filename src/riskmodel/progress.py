"""The progress callback that long work is given: it takes one line of text at a time."""

from collections.abc import Callable

Progress = Callable[[str], None]


def no_progress(line: str) -> None:
    """Ignore the line, for callers that show no progress."""
