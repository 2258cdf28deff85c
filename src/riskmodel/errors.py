"""The errors that a user meets, each with the exit code of its kind."""

import errno
import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def printable(text: str, keep: str = "") -> str:
    """The text with control characters written out, so that no name of a file moves a cursor.

    Characters in `keep` stay as they are.
    """
    return "".join(c if c in keep or _shows(c) else _escape(c) for c in text)


def _shows(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


class RiskModelError(Exception):
    """Our fault: something that should not happen. Every other error derives from this one."""

    exit_code = 70

    def __str__(self) -> str:
        """The message; what it names may hold control characters, which are written out."""
        return printable(super().__str__(), keep="\n")


class UsageError(RiskModelError):
    """The command line's words are off."""

    exit_code = 2


class DataError(RiskModelError):
    """The source folder breaks the contract, or holds too little for what was asked."""

    exit_code = 3


class MachineError(DataError):
    """A file, a folder, the disk or the memory is not as it must be: no internal error, and mendable."""


class SettingsError(RiskModelError):
    """A settings file, a `--set` or a notebook's parameter is off; one text a fault."""

    exit_code = 4

    @property
    def faults(self) -> tuple[str, ...]:
        """Each fault as it is told: the file, the key, what is wrong, what to do."""
        return tuple(str(one) for one in self.args)

    def __str__(self) -> str:
        """The fault, or all of them, one a line."""
        if len(self.faults) == 1:
            return self.faults[0]
        return "\n  ".join((f"{len(self.faults)} faults, to be mended together:", *self.faults))


class ChecksFailed(RiskModelError):
    """The model failed its checks; nothing was published. `report` is the headline all the same."""

    exit_code = 5

    def __init__(self, message: str, report: str = "") -> None:
        super().__init__(message)
        self.report = report


class NotApproved(RiskModelError):
    """No recorded review allows the model to be used."""

    exit_code = 6


_A_FOLDER = "A file or a broken link stands where a folder belongs, or the reverse. Move it away."
_PERMISSION = "Give this user the permission, or name another place."
REMEDIES = {
    errno.ENOSPC: "Free some space, then run again.",
    errno.EDQUOT: "Free some space, then run again.",
    errno.EFBIG: "Write to a file system that takes larger files.",
    errno.EACCES: _PERMISSION,
    errno.EPERM: _PERMISSION,
    errno.EROFS: "Name a place that can be written to.",
    errno.ENAMETOOLONG: "Give a shorter name.",
    errno.EISDIR: _A_FOLDER,
    errno.ENOTDIR: _A_FOLDER,
    errno.EEXIST: _A_FOLDER,
    errno.ENOTEMPTY: "Another process writes there, or did. Look at it, then run again.",
    errno.ELOOP: "The link leads to itself or is not allowed here. Put the file or folder there.",
    errno.ENOENT: "Restore it; where it is a link, mend that.",
    errno.EMFILE: "Raise the limit on open files (ulimit -n), or use fewer threads.",
    errno.ENFILE: "Close other programs, then run again.",
    errno.ENOMEM: "Use fewer threads, smaller parts, or a larger machine.",
    errno.EIO: "The disk does not answer well. Look at it, or name another place.",
    errno.EPIPE: "Whoever read the output went away. Run again.",
}
"""Remedies by the system's error number."""
UNKNOWN = "Look at it, then run again."
UNREADABLE = "Restore it, or remove it so that it is made again."


def machine_error(error: OSError, path: Path | None = None) -> MachineError:
    """Describe a system error in one line: the file, the cause, what to do."""
    known = path if path is not None else error.filename
    where = printable_path(known) if known is not None else "a file"
    number = error.errno or 0
    said = os.strerror(number) if number else " ".join(str(error).split())[:200]
    return MachineError(f"{where}: {said or type(error).__name__}. {REMEDIES.get(number, UNKNOWN)}")


def as_machine_error(error: BaseException) -> MachineError | None:
    """An error that nobody met where it arose, if it is the machine's or a file's; else None."""
    if isinstance(error, OSError):
        return machine_error(error)
    if isinstance(error, MemoryError):
        return MachineError(f"the memory is not enough. {REMEDIES[errno.ENOMEM]}")
    if isinstance(error, UnicodeDecodeError):
        return MachineError(f"a file is not UTF-8 text ({error.reason}). Restore it.")
    if isinstance(error, UnicodeEncodeError):
        return MachineError(
            f"a name or text cannot be written as {error.encoding}. Rename the file."
        )
    if isinstance(error, RuntimeError) and str(error).startswith("Symlink loop"):  # pathlib's
        return MachineError(f"{printable_path(str(error))}. {REMEDIES[errno.ELOOP]}")
    return None


def printable_path(path: object) -> str:
    """A path on one line: control characters and bytes that are no text stand escaped."""
    text = os.fsdecode(path) if isinstance(path, bytes | os.PathLike) else str(path)
    plain = "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
    return plain if len(plain) <= 300 else f"{plain[:140]}...{plain[-140:]}"


@contextmanager
def machine_faults(path: Path) -> Iterator[None]:
    """Turns what the system says while a file is read or written into a `MachineError` that names
    the file."""
    try:
        yield
    except OSError as error:
        raise machine_error(error, path) from error


@contextmanager
def content_faults(path: Path, kind: str) -> Iterator[None]:
    """The same, and `DataError` where the content is not what a file of that kind holds."""
    try:
        with machine_faults(path):
            yield
    except (ValueError, RecursionError) as error:  # UTF-8, JSON, TOML and Arrow: all ValueErrors
        raise DataError(
            f"{printable_path(path)}: not readable as {kind} ({type(error).__name__}). {UNREADABLE}"
        ) from error
