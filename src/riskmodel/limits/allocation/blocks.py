"""Work over fixed blocks on several threads; results do not depend on the number of threads."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol, TypeVar

T = TypeVar("T")
BLOCK = 8_192
"""Enterprises (or pairs) in a block."""
WAVE = 8
"""Blocks a thread in a wave: no more results than those of one wave wait to be read."""


class BlockMap(Protocol):
    """Map a function over blocks, giving the results in the blocks' order.

    Nothing is done until the results are read.
    """

    def __call__(self, work: Callable[[int, int], T], count: int, /) -> Iterator[T]: ...


def run_all(results: Iterator[None]) -> None:
    """Run lazy work whose results are nothing."""
    for _ in results:
        pass


@contextmanager
def block_map(threads: int) -> Iterator[BlockMap]:
    """Give a map over blocks on so many threads; the function gets a block's first and last place."""
    with ThreadPoolExecutor(threads) as pool:

        def over(work: Callable[[int, int], T], count: int, /) -> Iterator[T]:
            run = map if threads == 1 else pool.map
            first = list(range(0, count, BLOCK))
            for wave in range(0, len(first), WAVE * threads):
                begin = first[wave : wave + WAVE * threads]
                yield from run(work, begin, [min(one + BLOCK, count) for one in begin])

        yield over
