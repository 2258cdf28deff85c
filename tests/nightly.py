"""What slow laws take by night (`make test-nightly`), and with every change."""

import os

NIGHTLY = bool(os.environ.get("RISKMODEL_NIGHTLY"))


def examples(by_night: int, by_day: int) -> int:
    """How many examples a slow law is drawn: all of them by night, fewer with every change."""
    return by_night if NIGHTLY else by_day
