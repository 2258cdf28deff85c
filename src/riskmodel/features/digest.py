"""Digests of what is known before a date: equal digests, equal features.

A row known at or after a date changes no feature of that date, so a digest over the rows known
before it tells whether features that were computed once still stand.
"""

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from riskmodel.features.batch import Batch
from riskmodel.features.encoded_table import EncodedTable
from riskmodel.features.point_in_time import EnterpriseDates
from riskmodel.sources.partitions.versions import UNTIL

_LANES = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)

Words = NDArray[np.uint64]


def compute_digests(batch: Batch, days: NDArray[np.int32]) -> list[str]:
    """For each day, a digest of the batch's rows that were known before it began.

    The order of rows does not matter; a later version of a row matters from when it is known.
    Sums of mixed 64-bit words: made against chance, not against intent.
    """
    cuts = EnterpriseDates.of(np.zeros(len(days), np.int64), days, batch.pairs.timezone).day_start
    order = np.argsort(cuts)
    texts = [""] * len(days)
    for name in sorted(batch.tables):
        rows = batch.rows(name)
        words = np.full(len(rows.rows), len(rows.rows.column_names), np.uint64)
        for column in rows.rows.column_names:
            if column != UNTIL:
                _mix_in(words, *_column_words(rows, column))
        for lane in _LANES:
            sums = _sum_known_before(
                words, np.uint64(lane), rows.known_at, rows.known_until, cuts[order]
            )
            for place, total in zip(order.tolist(), sums.tolist(), strict=True):
                texts[place] += f"{total:016x}"
    return texts


def _column_words(rows: EncodedTable, name: str) -> tuple[Words, NDArray[np.int32]]:
    """A column as words, and each row's place among them; no places: a word a row."""
    if rows.is_text(name) and not rows.is_dictionary(name):
        return _text_words(rows.texts(name)), np.empty(0, np.int32)
    if rows.is_text(name):
        codes, words = rows.codes(name)
        return np.append(_text_words(words), np.uint64(1)), codes
    own = rows.known_at if name == "known_at" else rows.number(name)
    return own.view(np.uint64), np.empty(0, np.int32)


def _text_words(texts: pa.Array) -> Words:
    """One word for each text, by its bytes."""
    _, offsets, data = texts.buffers()
    begins = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    words = _hash_bytes(begins, np.frombuffer(data or b"", np.uint8), len(texts))
    return np.where(np.asarray(texts.is_null()), np.uint64(1), words)


@njit(inline="always")
def _mix_word(word):
    """A bijection of 64-bit words that spreads every bit (SplitMix64's finaliser)."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


@njit(nogil=True, cache=True)
def _mix_in(words, column, places):
    """Mixes a column into each row's word."""
    for row in range(len(words)):
        word = column[places[row] if len(places) else row]
        words[row] = _mix_word((words[row] ^ word) + np.uint64(0x9E3779B97F4A7C15))


@njit(nogil=True, cache=True)
def _hash_bytes(begins, data, count):
    """A word for each run of bytes."""
    out = np.empty(count, np.uint64)
    for text in range(count):
        word = np.uint64(begins[text + 1] - begins[text])
        for place in range(begins[text], begins[text + 1]):
            word = (word ^ np.uint64(data[place])) * np.uint64(0x100000001B3)
        out[text] = _mix_word(word)
    return out


@njit(nogil=True, cache=True)
def _sum_known_before(words, lane, known, until, cuts):
    """For each cut, ascending, the sum of the words of the rows known before it, with their ends."""
    begun, ended = np.zeros(len(cuts) + 1, np.uint64), np.zeros(len(cuts) + 1, np.uint64)
    for row in range(len(words)):
        open_word = _mix_word(words[row] ^ lane)
        begun[np.searchsorted(cuts, known[row], side="right")] += open_word
        end = np.searchsorted(cuts, until[row], side="right")
        if end < len(cuts):
            ended[end] += (
                _mix_word(words[row] ^ _mix_word(lane ^ np.uint64(until[row]))) - open_word
            )
    sums, total = np.empty(len(cuts), np.uint64), np.uint64(0)
    for place in range(len(cuts)):
        total += begun[place] + ended[place]
        sums[place] = total
    return sums
