"""Ways in which a file can be broken, by a disk, a copy, an editor or a hand."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

Harm = Callable[[Path, random.Random], object]


def cut(path: Path, draw: random.Random) -> None:
    """Only the first bytes are left."""
    whole = path.read_bytes()
    path.write_bytes(whole[: draw.randrange(max(len(whole), 1))])


def flipped(path: Path, draw: random.Random) -> None:
    """Some bytes are others."""
    whole = bytearray(path.read_bytes() or b"x")
    for _ in range(draw.randrange(1, 20)):
        whole[draw.randrange(len(whole))] ^= draw.randrange(1, 256)
    path.write_bytes(bytes(whole))


def emptied(path: Path, draw: random.Random) -> None:
    """Nothing is left."""
    path.write_bytes(b"")


def gone(path: Path, draw: random.Random) -> None:
    """No file is left."""
    path.unlink()


def a_folder(path: Path, draw: random.Random) -> None:
    """A folder stands in the file's place."""
    path.unlink()
    path.mkdir()


def dangling(path: Path, draw: random.Random) -> None:
    """A link that leads nowhere stands in the file's place."""
    path.unlink()
    path.symlink_to("nowhere")


def circular(path: Path, draw: random.Random) -> None:
    """A link that leads to itself stands in the file's place."""
    path.unlink()
    path.symlink_to(path.name)


def not_utf8(path: Path, draw: random.Random) -> None:
    """Bytes of another encoding stand somewhere inside."""
    whole = path.read_bytes()
    place = draw.randrange(len(whole) + 1)
    path.write_bytes(whole[:place] + "出口".encode("gbk") + whole[place:])


def a_long_line(path: Path, draw: random.Random) -> None:
    """One line of a million characters stands at the end."""
    path.write_bytes(path.read_bytes() + b"\n" + b"[" * 1_000_000)


def of_zeros(path: Path, draw: random.Random) -> None:
    """The bytes are zeros, as after a power cut."""
    path.write_bytes(bytes(path.stat().st_size))


def empty_json(path: Path, draw: random.Random) -> None:
    """The file says nothing, politely."""
    path.write_text(draw.choice(["{}", "[]", "null", "3", '""']))


HARMS: tuple[Harm, ...] = (
    cut, flipped, emptied, gone, a_folder, dangling, circular, not_utf8, a_long_line, of_zeros,
    empty_json,
)  # fmt: skip


def files_below(folder: Path) -> list[Path]:
    """All files of a folder, in one order, hidden ones left out."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(path for path in found if not path.name.startswith("."))


def copied(folder: Path, to: Path) -> Path:
    """The folder again."""
    shutil.copytree(folder, to, symlinks=True)
    return to
