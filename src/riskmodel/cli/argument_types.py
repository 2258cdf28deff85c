"""The types of the command line's arguments; each names in words the value that it refuses."""

import argparse
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

MAX_NUMBER, MAX_SEED, MAX_THREADS, MAX_SHOWN = 1_000_000_000, 2**32 - 1, 1024, 60
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 12, 31)
"""The contract's dates."""


def whole_number(min_value: int, max_value: int) -> Callable[[str], int]:
    """Return a type that reads a whole number between the two bounds.

    >>> whole_number(1, 10)("7")
    7
    """

    def read(text: str) -> int:
        """Return the number that the text writes in plain digits."""
        if not re.fullmatch(r"[+-]?[0-9]{1,19}", text) or not min_value <= int(text) <= max_value:
            raise argparse.ArgumentTypeError(
                f"{_shorten(text)} is not a whole number from {min_value:,} to {max_value:,}"
            )
        return int(text)

    return read


def seeds(text: str) -> tuple[int, ...]:
    """Return the seeds that the text names, apart by commas.

    >>> seeds("3,11")
    (3, 11)
    """
    found = tuple(map(whole_number(0, MAX_SEED), text_value(text).split(",")))
    if len(set(found)) < len(found):
        raise argparse.ArgumentTypeError(f"{_shorten(text)} names a seed twice")
    return found


def version_number(text: str) -> str:
    """Return the number of a registered version, as text."""
    return str(whole_number(1, MAX_NUMBER)(text))


def day(text: str) -> date:
    """Return a day within the contract's dates."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.min
    if not FIRST_DAY <= found <= LAST_DAY:
        raise argparse.ArgumentTypeError(
            f"{_shorten(text)} is not a date like 2014-07-01, from {FIRST_DAY} to {LAST_DAY}"
        )
    return found


def day_or_auto(text: str) -> str:
    """Return the word auto, or a day as ISO text."""
    return text if text == "auto" else day(text).isoformat()


def text_value(text: str) -> str:
    """Return the text, which is neither empty nor holds a null character."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty; give a text, or leave the option out")
    if "\0" in text:
        raise argparse.ArgumentTypeError(
            f"{_shorten(text)} holds a character that no text may hold"
        )
    return text


def readable_path(text: str) -> Path:
    """Return a path that the system can look up, whether it exists or not."""
    path = Path(text_value(text))
    try:
        path.exists()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{_shorten(text)}: {error.strerror}") from None
    return path


def new_file(text: str) -> Path:
    """Return a path at which a file can be written; a fault is found before the work."""
    path = readable_path(text)
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if path.is_dir() or not above.is_dir():
        raise argparse.ArgumentTypeError(f"{_shorten(text)}: a file cannot be written there")
    return path


def folder_path(text: str) -> Path:
    """Return the path of a folder, there or not, but never that of a file."""
    path = readable_path(text)
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{_shorten(text)} is a file, not a folder")
    return path


def _shorten(text: str) -> str:
    """Return the word as it was given, short and on one line."""
    half = MAX_SHOWN // 2
    return repr(text if len(text) <= MAX_SHOWN else f"{text[:half]}...{text[-half:]}")
