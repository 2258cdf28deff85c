"""Digests of what is known before a date: equal digests, equal features.

A row known at or after a date changes no feature of that date, so a digest over the rows known
before it tells whether features that were computed once still stand.
"""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from riskmodel.features.batch import enterprises
from riskmodel.features.coded import Coded
from riskmodel.features.view import Pairs
from riskmodel.tables.canonical import CANONICAL

_LANES = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)

Words = NDArray[np.uint64]


def part_digests(
    tables: Mapping[str, pa.Table], days: NDArray[np.int32], timezone: str
) -> list[str]:
    """For each day, a digest of the part's rows that were known before it began.

    The order of rows does not matter; a later version of a row matters from when it is known.
    Two sums of mixed 64-bit words: made against chance, not against intent.
    """
    ids = enterprises(tables)
    cuts = Pairs.asked(np.zeros(len(days), np.int64), days, timezone).cut
    order = np.argsort(cuts)
    texts = [""] * len(days)
    for name in sorted(tables):
        rows = Coded(tables[name], CANONICAL[name], ids)
        for lane in _LANES:
            words = np.full(len(rows.rows), lane, np.uint64)
            for column in rows.rows.column_names:
                if column != "known_until":
                    _mix_in(words, _column_words(rows, column))
            sums = _known_before(words, rows.known, rows.until, cuts[order])
            for place, total in zip(order.tolist(), sums.tolist(), strict=True):
                texts[place] += f"{total:016x}"
    return texts


def _column_words(rows: Coded, name: str) -> Words:
    if rows.is_text(name):
        codes, words = rows.codes(name)
        return np.append(_text_words(words), np.uint64(1))[codes]
    if name == "known_at":
        return rows.known.view(np.uint64)
    return (rows.number(name) + 0.0).view(np.uint64)


def _text_words(texts: pa.Array) -> Words:
    """One word for each text, by its bytes."""
    whole = pa.concat_arrays([texts])  # offsets that begin at the buffer's own start
    _, offsets, data = whole.buffers()
    begins = np.frombuffer(offsets, np.int32)[whole.offset : whole.offset + len(whole) + 1]
    return _bytes_mixed(begins, np.frombuffer(data or b"", np.uint8), len(whole))


@njit(inline="always")
def _mixed(word):
    """A bijection of 64-bit words that spreads every bit (SplitMix64's finaliser)."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


@njit(nogil=True, cache=True)
def _mix_in(words, column):
    """Mixes a column into each row's word."""
    for row in range(len(words)):
        words[row] = _mixed(words[row] ^ _mixed(column[row] + np.uint64(1)))


@njit(nogil=True, cache=True)
def _bytes_mixed(begins, data, count):
    """A word for each run of bytes."""
    out = np.empty(count, np.uint64)
    for text in range(count):
        word = np.uint64(begins[text + 1] - begins[text])
        for place in range(begins[text], begins[text + 1]):
            word = (word ^ np.uint64(data[place])) * np.uint64(0x100000001B3)
        out[text] = _mixed(word)
    return out


@njit(nogil=True, cache=True)
def _known_before(words, known, until, cuts):
    """For each cut, ascending, the sum of the words of the rows known before it, with their ends."""
    begun, ended = np.zeros(len(cuts) + 1, np.uint64), np.zeros(len(cuts) + 1, np.uint64)
    for row in range(len(words)):
        open_word = _mixed(words[row] ^ np.uint64(1))
        begun[np.searchsorted(cuts, known[row], side="right")] += open_word
        end = np.searchsorted(cuts, until[row], side="right")
        if end < len(cuts):
            ended[end] += _mixed(words[row] ^ _mixed(np.uint64(until[row]))) - open_word
    sums, total = np.empty(len(cuts), np.uint64), np.uint64(0)
    for place in range(len(cuts)):
        total += begun[place] + ended[place]
        sums[place] = total
    return sums
