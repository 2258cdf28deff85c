"""Utilisation of a limit, fitted to past lines.

Partial adjustment: over a year the balance moves from what is owed at the start towards the use
that the enterprise wants. So the expected share of the limit is linear in the balance carried over
(as a share of the *new* limit, whole up to 1), in the use of earlier lines, and in signs of need
for cash. It is fitted by ridge regression on the share itself: clipping aside, a logit gained
nothing on held-out lines, and tree ensembles did not carry over to limits and dates that past
grants lack.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.errors import DataError
from riskmodel.limits.behaviour.strata import values
from riskmodel.limits.behaviour.usage import utilisation_inputs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
STRENGTHS = tuple(10.0**power for power in range(4))
"""Ridge penalties that are tried."""
FOLDS = 5
FEWEST = 100
"""Fewer lines teach a mean and no more."""
INSIDE = (0.01, 0.99)
"""Quantiles to which a column is held: what past grants lack is not extrapolated to."""
LEAST, MOST = 0.01, 1.0


@dataclass(frozen=True)
class StatedUtilisation:
    """The policy's values, which stand for so many lines (and defaults) as `weight` says.

    `quantile` is that of the interval's ends.
    """

    drawn_share: float
    credit_conversion: float
    weight: float
    quantile: float


@dataclass(frozen=True)
class Column:
    """One column as it is read: its name, what it is held to, its mean and scale, its effect.

    `absent` is the effect of having no value.
    """

    name: str
    low: float
    high: float
    mean: float
    scale: float
    effect: float
    absent: float


@dataclass(frozen=True)
class Utilisation:
    """The expected utilisation of a limit; see the module.

    `level` is the share of an enterprise with average columns. `typical_use` stands in for the use
    of earlier lines. `credit_conversion` is the part of the undrawn limit that is drawn by
    the time of default. `below` and `above` are quantiles of what lines of held-out enterprises
    departed from the expected share, and `r2` is the share of their variance that was told.
    """

    level: float
    columns: tuple[Column, ...]
    typical_use: float
    credit_conversion: float
    below: float
    above: float
    r2: float
    rows: int
    defaults: int
    quantile: float

    def share(self, scored: pd.DataFrame, limit_cny: Floats | None = None) -> tuple[Floats, Floats]:
        """The expected shares while performing, and owed when default comes.

        At limits of enterprises, or enterprises x levels; both have that shape. Without `limit_cny`
        it is the column of that name; without that too, the limit as large as the present line.
        """
        best, _, _ = self.interval(scored, limit_cny)
        return best, best + self.credit_conversion * (1 - best)

    def interval(
        self, scored: pd.DataFrame, limit_cny: Floats | None = None
    ) -> tuple[Floats, Floats, Floats]:
        """The expected share while performing, and the ends between which one line's will lie."""
        limit = _limits(scored, limit_cny)
        if not limit.size:
            return np.zeros(limit.shape), np.zeros(limit.shape), np.zeros(limit.shape)
        flat = limit.reshape(len(scored), -1)
        found = [self._at(scored, flat[:, level]) for level in range(flat.shape[1])]
        best = np.column_stack(found).reshape(limit.shape) if found else np.zeros(limit.shape)
        low, high = np.clip(best + self.below, 0.0, 1.0), np.clip(best + self.above, 0.0, 1.0)
        return best, np.minimum(low, best), np.maximum(high, best)

    def _at(self, scored: pd.DataFrame, limit: Floats) -> Floats:
        read = utilisation_inputs(scored, limit, self.typical_use)
        moved = np.full(len(scored), self.level)
        for column in self.columns:
            value = read[column.name]
            known = np.isfinite(value)
            standard = (np.clip(value, column.low, column.high) - column.mean) / column.scale
            moved = moved + np.where(known, np.nan_to_num(standard) * column.effect, column.absent)
        held: Floats = np.clip(moved, LEAST, MOST)
        return held

    def to_text(self) -> dict[str, Any]:
        """Return plain values, for a JSON file."""
        return asdict(self)

    @classmethod
    def from_text(cls, given: Mapping[str, Any]) -> Self:
        """Return the utilisation that `to_text` gave."""
        columns = tuple(Column(**one) for one in given["columns"])
        return cls(**{**given, "columns": columns})


def fit_utilisation(past: pd.DataFrame, stated: StatedUtilisation) -> Utilisation:
    """Fit utilisation to past lines, one row a line at its grant.

    Columns: `enterprise_id`, `limit_cny`, `drawn_share`; and as far as there `drawn_at_default`,
    `grade`, `pd_12m`, the columns of `usage.DEFINITIONS` and of `use.SIGNS`. Lines that were taken over
    from before the records (no grade while others have one) are left out: what they carried over is
    not known. With few lines the share is their mean, drawn towards the policy's.
    """
    rows = _select_lines(past)
    share = rows["drawn_share"].to_numpy(np.float64)
    level = float((share.sum() + stated.weight * stated.drawn_share) / (len(rows) + stated.weight))
    plain = Utilisation(
        level, (), _typical_use(rows), stated.credit_conversion,
        *_ends(share - level, stated),
        0.0, len(rows), 0, stated.quantile,
    )  # fmt: skip
    if len(rows) < FEWEST:
        return _with_default(plain, rows, np.full(len(rows), level), stated)
    read = utilisation_inputs(rows, rows["limit_cny"].to_numpy(np.float64), plain.typical_use)
    frames = _frames(read)
    design = np.column_stack([one for _, _, one in frames])
    fold = pd.factorize(rows["enterprise_id"])[0] % FOLDS
    tried = [_out_of_fold(design, share, fold, strength) for strength in STRENGTHS]
    losses = [float(np.mean((share - one) ** 2)) for one in tried]
    best = int(np.argmin(losses))
    r2 = 1 - losses[best] / float(share.var()) if share.var() > 0 else 0.0
    if r2 <= 0:
        return _with_default(plain, rows, np.full(len(rows), level), stated)
    middle, effects = _ridge(design, share, STRENGTHS[best])
    found = Utilisation(
        middle, _columns(frames, effects), plain.typical_use, stated.credit_conversion,
        *_ends(share - tried[best], stated), r2, len(rows), 0, stated.quantile,
    )  # fmt: skip
    return _with_default(found, rows, np.clip(tried[best], LEAST, MOST), stated)


def _select_lines(past: pd.DataFrame) -> pd.DataFrame:
    """Lines with a utilisation and a known beginning, in one order."""
    for name in ("enterprise_id", "limit_cny", "drawn_share"):
        if name not in past:
            raise DataError(f"past lines: no column {name}. See datasets.past_lines.")
    rows = past[past["drawn_share"].notna()]
    if "grade" in rows and (rows["grade"] != "").any():
        rows = rows[rows["grade"] != ""]
    order = [name for name in ("enterprise_id", "as_of", "line_id") if name in rows]
    return rows.sort_values(order, kind="stable", ignore_index=True)


def _ends(departures: Floats, stated: StatedUtilisation) -> tuple[float, float]:
    if not len(departures):
        return 0.0, 0.0
    low, high = np.quantile(departures, [1 - stated.quantile, stated.quantile])
    return float(low), float(high)


def _typical_use(rows: pd.DataFrame) -> float:
    return float(rows["drawn_share"].mean()) if len(rows) else 0.0


def _with_default(
    utilisation: Utilisation, rows: pd.DataFrame, share: Floats, stated: StatedUtilisation
) -> Utilisation:
    """With the conversion of the undrawn part, from lines that defaulted and the policy's value.

    Total drawn beyond the expected share over total undrawn: the ratio that fits the exposures.
    """
    at_default = values(rows, "drawn_at_default")
    known = np.isfinite(at_default)
    undrawn = 1 - share[known]
    typical = 1 - float(share.mean()) if len(share) else 1 - stated.drawn_share
    above = float((at_default[known] - share[known]).sum())
    total_undrawn = float(undrawn.sum()) + stated.weight * typical
    stated_part = stated.weight * typical * stated.credit_conversion
    ratio = (above + stated_part) / total_undrawn if total_undrawn > 0 else stated.credit_conversion
    parts = {
        **vars(utilisation),
        "credit_conversion": float(np.clip(ratio, 0.0, 1.0)),
        "defaults": int(known.sum()),
    }
    return Utilisation(**parts)


_Frames = list[tuple[str, tuple[float, float, float, float], Floats]]


def _frames(read: Mapping[str, Floats]) -> _Frames:
    """Each column standardised, and whether it is absent: name ("" for absence), facts, values."""
    found: _Frames = []
    for name, value in read.items():
        known = np.isfinite(value)
        if not known.any():
            continue
        low, high = (float(one) for one in np.quantile(value[known], INSIDE))
        held = np.clip(value[known], low, high)
        mean, scale = float(held.mean()), float(held.std())
        if scale < 1e-9:
            continue
        standard = np.zeros(len(value))
        standard[known] = (held - mean) / scale
        found.append((name, (low, high, mean, scale), standard))
        found.append(("", (0.0, 0.0, 0.0, 0.0), (~known).astype(np.float64)))
    return found


def _columns(frames: _Frames, effects: Floats) -> tuple[Column, ...]:
    pairs = zip(frames[::2], effects[::2], effects[1::2], strict=True)
    return tuple(
        Column(name, *facts, float(effect), float(absent))
        for (name, facts, _), effect, absent in pairs
    )


def _ridge(design: Floats, share: Floats, strength: float) -> tuple[float, Floats]:
    """The level and the effects; the level is not shrunk."""
    middle = design.mean(axis=0)
    centred = design - middle
    bend = centred.T @ centred + strength * np.eye(design.shape[1])
    effects = np.linalg.solve(bend, centred.T @ (share - share.mean()))
    return float(share.mean() - middle @ effects), effects


def _out_of_fold(design: Floats, share: Floats, fold: Ints, strength: float) -> Floats:
    found = np.empty(len(share))
    for k in np.unique(fold):
        out = fold == k
        level, effects = _ridge(design[~out], share[~out], strength)
        found[out] = level + design[out] @ effects
    return found


def _limits(scored: pd.DataFrame, limit_cny: Floats | None) -> Floats:
    if limit_cny is not None:
        return np.asarray(limit_cny, dtype=np.float64)
    return values(scored, "limit_cny")
