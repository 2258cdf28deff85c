"""Generated trade for the benchmark: late, corrected and withdrawn declarations, in any number.

The fictional economy explains defaults and takes its time; this only has the shape of customs
data, and a million enterprises with sixty declarations each are written in a minute or two.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from riskmodel.storage.files import refuse_occupied

FIRST_DAY, END = date(2009, 7, 1), date(2014, 7, 1)
"""Sixty months, the end not among them."""
PIECE = 10_000
"""Enterprises drawn and written at once: what bounds the memory."""
SHARED_BUYERS, BUYERS, GOODS, COUNTRIES = 2_000, 8, 5, 6
"""Buyers that many enterprises sell to; then an enterprise's own buyers, goods and destinations."""
DESTINATIONS = """
USA HKG JPN KOR DEU NLD GBR SGP IND RUS TWN AUS MYS VNM IDN BRA ITA THA FRA CAN ARE MEX PHL ESP
SAU BEL TUR ZAF POL CHL IRN NGA PAK BGD ARG EGY CZE SWE DNK ISR
""".split()
SETTLEMENTS = ["TT", "LC", "DP", "DA", "OA"]
TERMS = np.array([0, 15, 30, 45, 60, 90, 120])
CHINA_HOURS = 8
_SECONDS, _MICRO = 86_400, 1_000_000

Columns = dict[str, Any]


@dataclass(frozen=True)
class _Draw:
    """Sizes to draw: enterprises, declarations of each (on average), receipts or none."""

    out: Path
    enterprises: int
    declarations: int
    seed: int
    receipts: bool

    @property
    def pieces(self) -> int:
        """Return the number of files of each history table."""
        return -(-self.enterprises // PIECE)


def trade_folder(
    out: Path, enterprises: int, *, declarations: int = 60, seed: int, receipts: bool = False
) -> None:
    """Write a source folder of `enterprises` with `declarations` each on average, over sixty months.

    Of the declarations 19 % are known days or weeks late, 2 % corrected by a second version (some
    of these withdrawn), 2 % cancelled, 1.5 % returns. With `receipts`, nine in ten sales are paid.
    A file of a table holds the rows of `PIECE` enterprises in any order, `outcomes` is drawn at
    random. Same arguments, same bytes. Raises `UsageError` where `out` is not free.
    """
    refuse_occupied(out)
    draw = _Draw(out, enterprises, declarations, seed, receipts)
    for table in ("declarations", "receipts") if receipts else ("declarations",):
        (out / table).mkdir(parents=True)
    _write(_register(draw), out / "enterprises.parquet")
    _write(_outcomes(draw), out / "outcomes.parquet")
    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(lambda piece: _write_piece(draw, piece), range(draw.pieces)):
            pass


def _register(draw: _Draw) -> pa.Table:
    rng = np.random.default_rng([draw.seed, 1])
    numbers = rng.permutation(draw.enterprises)
    days = _day(date(1995, 1, 1)) + rng.integers(0, 14 * 365, draw.enterprises)
    return pa.table({"enterprise_id": _ids("E", numbers, 7), "registered_on": _dates(days)})


def _outcomes(draw: _Draw) -> pa.Table:
    rng = np.random.default_rng([draw.seed, 2])
    watched = np.arange(0, draw.enterprises, 100)
    begun, seen = (np.full(len(watched), _day(on)) for on in (date(2013, 7, 1), END))
    return pa.table(
        {
            "enterprise_id": _ids("E", watched, 7),
            "as_of": _dates(begun),
            "defaulted": rng.random(len(watched)) < 0.03,
            "observed_until": _dates(seen),
        }
    )


def _write_piece(draw: _Draw, piece: int) -> None:
    """Write one file of each history table."""
    rng = np.random.default_rng([draw.seed, 3, piece])
    first = piece * PIECE
    own = min(PIECE, draw.enterprises - first)
    # a few large enterprises, many small ones, some with nothing at all
    counts = rng.poisson(draw.declarations * rng.gamma(2.0, 0.5, own))
    rows = _draw_declarations(rng, np.repeat(np.arange(own), counts), own)
    # an id that no other piece can have: a piece's numbers begin where the next one's cannot reach
    number = first * draw.declarations * 3 + np.arange(counts.sum())
    rows |= {"number": number, "enterprise": first + rows["owner"]}
    rows["buyer"] = np.where(rows["buyer"] < 0, first * BUYERS - 1 - rows["buyer"], rows["buyer"])
    if draw.receipts:
        _write(_receipts(rng, rows), draw.out / f"receipts/part-{piece:05d}.parquet")
    versions = _add_corrections(rng, rows)
    path = draw.out / f"declarations/part-{piece:05d}.parquet"
    _write(_declarations(rng, versions), path)


def _draw_declarations(rng: np.random.Generator, owner: Any, own: int) -> Columns:
    """Draw declarations as first known; a buyer of one enterprise alone is counted below 0."""
    size = len(owner)
    span = _day(END) - _day(FIRST_DAY)
    begins = np.where(rng.random(own) < 0.3, rng.integers(0, int(0.8 * span), own), 0)[owner]
    day = _day(FIRST_DAY) + begins + (rng.random(size) * (span - begins)).astype(np.int64)
    late = np.where(rng.random(size) < 0.19, 2 + rng.exponential(12.0, size), 0.0)
    usual = rng.normal(9.5, 1.0, own)[owner]
    sign = np.where(rng.random(size) < 0.015, -1.0, 1.0)
    return {
        "owner": owner,
        "day": day,
        "fob": sign * np.maximum(np.round(rng.lognormal(usual, 0.8), 2), 0.01),
        "cancelled": rng.random(size) < 0.02,
        "platform": rng.random(size) < 0.4,
        "hs": _habit(rng, rng.integers(0, 300, (own, GOODS)), owner),
        "destination": _habit(
            rng, np.minimum(rng.exponential(8.0, (own, COUNTRIES)).astype(np.int64), 39), owner
        ),
        "buyer": _habit(rng, _buyers(rng, own), owner),
        "settlement": np.where(rng.random(size) < 0.01, -1, rng.integers(0, 5, size)),
        "terms": np.where(rng.random(size) < 0.05, -1, TERMS[rng.integers(0, len(TERMS), size)]),
        "known": _instant(day, late + rng.random(size)),
        "withdrawn": np.zeros(size, dtype=bool),
    }


def _buyers(rng: np.random.Generator, own: int) -> Any:
    alone = -1 - np.arange(own * BUYERS).reshape(own, BUYERS)
    shared = rng.integers(0, SHARED_BUYERS, alone.shape) + 90_000_000
    return np.where(rng.random(alone.shape) < 0.25, shared, alone)


def _habit(rng: np.random.Generator, choices: Any, owner: Any) -> Any:
    """Draw one of the enterprise's own choices for each row, the first ones more often."""
    place = (choices.shape[1] * rng.random(len(owner)) ** 2).astype(np.int64)
    return choices[owner, place]


def _add_corrections(rng: np.random.Generator, rows: Columns) -> Columns:
    """Add a later version of some rows: another value, or withdrawn."""
    size = len(rows["day"])
    again = np.flatnonzero(rng.random(size) < 0.02)
    later = {name: values[again] for name, values in rows.items()}
    later["fob"] = np.round(later["fob"] * rng.uniform(0.5, 1.5, len(again)), 2)
    later["known"] = later["known"] + (
        (1 + rng.exponential(60.0, len(again))) * _SECONDS * _MICRO
    ).astype(np.int64)
    later["withdrawn"] = rng.random(len(again)) < 0.15
    return {name: np.concatenate([rows[name], later[name]]) for name in rows}


def _declarations(rng: np.random.Generator, versions: Columns) -> pa.Table:
    """Return the versions in any order, as the source tables have them."""
    order = rng.permutation(len(versions["day"]))
    v = {name: values[order] for name, values in versions.items()}
    nobody = rng.random(len(order)) < 0.01
    goods = [f"{8400 + code:04d}{code % 90 + 10:02d}" for code in range(300)]
    return pa.table(
        {
            "declaration_id": _ids("D", v["number"], 10),
            "enterprise_id": _ids("E", v["enterprise"], 7),
            "declared_on": _dates(v["day"]),
            "fob_usd": v["fob"],
            "status": _words(v["cancelled"].astype(np.int8), ["released", "cancelled"]),
            "via_platform": v["platform"],
            "hs_code": _words(v["hs"], goods),
            "destination": _words(v["destination"], DESTINATIONS),
            "buyer_id": pc.if_else(nobody, pa.scalar(None, pa.string()), _ids("B", v["buyer"], 8)),
            "settlement": _words(v["settlement"], SETTLEMENTS),
            "terms_days": pa.array(v["terms"], mask=v["terms"] < 0),
            "known_at": pa.array(v["known"], pa.timestamp("us", tz="UTC")),
            "withdrawn": v["withdrawn"],
        }
    )


def _receipts(rng: np.random.Generator, rows: Columns) -> pa.Table:
    """Money for nine in ten sales, some weeks around the terms; what is due later is not there."""
    size = len(rows["day"])
    day = rows["day"] + np.maximum(rows["terms"], 0) + rng.exponential(20.0, size).astype(np.int64)
    paid = (rows["fob"] > 0) & (rng.random(size) < 0.9) & (day < _day(END))
    chosen = rng.permutation(np.flatnonzero(paid))
    day, number = day[chosen], rows["number"][chosen]
    part = rng.uniform(0.95, 1.0, len(chosen))
    return pa.table(
        {
            "receipt_id": _ids("R", number, 10),
            "enterprise_id": _ids("E", rows["enterprise"][chosen], 7),
            "received_on": _dates(day),
            "amount_usd": np.round(rows["fob"][chosen] * part, 2),
            "declaration_id": _ids("D", number, 10),
            "payer_id": _ids("B", rows["buyer"][chosen], 8),
            "known_at": pa.array(
                _instant(day, 3 * rng.random(len(day))), pa.timestamp("us", tz="UTC")
            ),
            "withdrawn": np.zeros(len(day), dtype=bool),
        }
    )


def _day(on: date) -> int:
    return (on - date(1970, 1, 1)).days


def _dates(days: Any) -> pa.Array:
    return pa.array(days.astype(np.int32), pa.date32())


def _instant(day: Any, later: Any) -> Any:
    """Microseconds of UTC: so many days after the day began in China."""
    seconds = (day + later) * _SECONDS - CHINA_HOURS * 3600
    return seconds.astype(np.int64) * _MICRO


def _words(codes: Any, words: list[str]) -> pa.Array:
    """Texts by their code; below 0 is null."""
    places = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(places, pa.array(words))


def _ids(letter: str, numbers: Any, width: int) -> pa.Array:
    """Ids of one letter and the number with leading zeros, written digit by digit at once."""
    text = np.empty((len(numbers), width + 1), np.uint8)
    text[:, 0] = ord(letter)
    left = numbers
    for place in range(width, 0, -1):
        left, digit = np.divmod(left, 10)
        text[:, place] = digit + ord("0")
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * (width + 1)
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(text))


def _write(rows: pa.Table, path: Path) -> None:
    # without arrow's own schema, so that every reader gets plain texts, not codes
    pq.write_table(rows, path, compression="zstd", compression_level=1, store_schema=False)
