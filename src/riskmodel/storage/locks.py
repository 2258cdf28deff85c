"""One process at a time: a lock that the system drops when its holder dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from riskmodel.errors import machine_faults


@contextmanager
def hold_lock(lock: Path) -> Iterator[None]:
    """Hold the lock on the file `lock`, which is made if it is missing and is never followed as a link.

    `DataError` where it cannot be made. Waits until no other process holds it. The file stays:
    removing it would let two in at once.
    """
    with machine_faults(lock):
        lock.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
