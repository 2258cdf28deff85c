"""The scorecard as SQL: what a bank's own database computes is what the package does."""

from collections.abc import Sequence

from riskmodel.model.learners.scorecard.bins import Bins
from riskmodel.model.learners.scorecard.scorecard import Scorecard

INFINITY = "CAST('Infinity' AS DOUBLE PRECISION)"


def scorecard_sql(
    scorecard: Scorecard,
    *,
    table: str = "features",
    calibration: tuple[float, float] | None = None,
) -> str:
    """One query: enterprise_id, as_of, a column `points_<feature>` each, raw_log_odds, points.

    `table` may name its schema before a dot. `calibration`, an intercept and a slope of the raw
    log-odds, adds `pd_12m`. Numbers are written as double precision to the last digit; NULL and
    NaN are missing, in databases that hold NaN equal to itself and above every number, as DuckDB
    and PostgreSQL do.
    """
    raw = " + ".join(
        [number(scorecard.base), *(quote_name(f"share {b.name}") for b in scorecard.bins)]
    )
    shares = [
        f"    {_case(one, share)} AS {quote_name(f'share {one.name}')}"
        for one, share in zip(scorecard.bins, scorecard.shares, strict=True)
    ]
    outer = ["  enterprise_id", "  as_of"]
    even = (scorecard.scale.offset - scorecard.scale.factor * scorecard.base) / len(scorecard.bins)
    factor, offset = number(scorecard.scale.factor), number(scorecard.scale.offset)
    outer += [
        f"  {number(even)} - {factor} * {quote_name(f'share {one.name}')}"
        f" AS {quote_name(f'points_{one.name}')}"
        for one in scorecard.bins
    ]
    outer += ["  raw_log_odds", f"  {offset} - {factor} * raw_log_odds AS points"]
    if calibration:
        intercept, slope = map(number, calibration)
        outer.append(f"  1E0 / (1E0 + EXP(-({intercept} + {slope} * raw_log_odds))) AS pd_12m")
    inner = ",\n".join(["    enterprise_id", "    as_of", *shares])
    columns = ",\n".join(outer)
    name = ".".join(quote_name(part) for part in table.split("."))
    return (
        f"WITH shares AS (\n  SELECT\n{inner}\n  FROM {name}\n),\n"
        f"scored AS (\n  SELECT shares.*, {raw} AS raw_log_odds\n  FROM shares\n)\n"
        f"SELECT\n{columns}\nFROM scored\n"
    )


def quote_name(name: str) -> str:
    """A name as SQL writes it: in double quotes, those within doubled."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text as SQL writes it: in single quotes, those within doubled."""
    return "'" + value.replace("'", "''") + "'"


def number(value: float) -> str:
    """A double as an approximate numeric literal: an exponent keeps it from becoming a decimal."""
    digits = repr(float(value))
    return digits if "e" in digits else f"{digits}E0"


def _case(one: Bins, shares: Sequence[float]) -> str:
    """The share of the row's bin."""
    values = [number(share) for share in shares]
    if one.group:
        whens = [
            f"WHEN {quote_name(one.name)} IN ({', '.join(map(text, words))}) THEN {value}"
            for words, value in zip(one.groups(), values, strict=False)
        ]
        return f"CASE {' '.join(whens)} ELSE {values[-1]} END"
    column = f"CAST({quote_name(one.name)} AS DOUBLE PRECISION)"
    odd = zip(one.codes, values[one.ordinary :], strict=False)
    whens = [f"WHEN {column} IS NULL OR NOT ({column} <= {INFINITY}) THEN {values[-1]}"]
    whens += [f"WHEN {column} = {number(code)} THEN {value}" for code, value in odd]
    whens += [
        f"WHEN {column} < {number(edge)} THEN {value}"
        for edge, value in zip(one.edges, values, strict=False)
    ]
    return f"CASE {' '.join(whens)} ELSE {values[one.ordinary - 1]} END"
