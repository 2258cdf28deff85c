"""The truth of a written simulation at any limit. Only evaluation may ask: no stage reads this."""

import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from riskmodel import __version__
from riskmodel.errors import DataError, UsageError
from riskmodel.simulation.calendar import BURN
from riskmodel.simulation.futures import RESULTS, StartStates, simulate_futures
from riskmodel.simulation.hidden_path import STATE
from riskmodel.simulation.lives import AHEAD
from riskmodel.simulation.parameter_files import parse_parameters
from riskmodel.simulation.simulate import Simulation, prepare_simulation
from riskmodel.simulation.traits import SLOTS, draw_traits

PATHS = 256
"""Futures that a question is answered from, unless the caller says otherwise."""


def open_simulation(folder: Path | str) -> Simulation:
    """Open the simulation that `riskmodel simulate` wrote to the folder.

    `DataError` where the folder holds none, or one of another version.
    """
    path = Path(folder) / "truth" / "simulation.toml"
    try:
        parts = tomllib.loads(path.read_text(encoding="utf-8"))
        made = parts.pop("simulation")
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"{folder}: holds no fictional economy; write one with `riskmodel simulate`."
        ) from error
    if made["riskmodel"] != __version__:
        raise DataError(
            f"{folder}: written by version {made['riskmodel']}, this is {__version__}; "
            "write it anew with `riskmodel simulate`."
        )
    return prepare_simulation(
        made["enterprises"], made["months"], made["seed"], made["scenario"], parse_parameters(parts)
    )


def true_pd(
    simulation: Path | str,
    enterprise_ids: Sequence[str],
    as_of: date | str | Sequence[date | str],
    limit_cny: float | Sequence[float],
    *,
    paths: int = PATHS,
) -> pd.DataFrame:
    """The true probability of default within twelve months of `as_of`, with the limit held.

    Goes on from the hidden state saved at the end of the month before `as_of` (which is taken as
    the first day of its month), on `paths` futures of the enterprise's own; what is common to all
    (global demand, sectors, destinations, the yuan, which buyers fail) is as it came. A line of
    `limit_cny` is in force from `as_of` for the twelve months, whatever there was before; 0 is no
    line. The same futures serve every limit, so that differences between limits are sharp.

    `as_of` and `limit_cny` are one for all, or one an id. Returns a row an id in the order given:
    `enterprise_id`, `as_of`, `limit_cny`, `pd_12m`, `standard_error` (of the Monte Carlo). The PD
    of those in default is 1; it is NaN for those that had not begun or were gone.

    `DataError` for a folder without a simulation or an unknown id, `UsageError` for a date outside it.
    """
    return _answer(simulation, enterprise_ids, as_of, limit_cny, paths)[[*_KEY, *RESULTS[0:2]]]


def true_drawn_share(
    simulation: Path | str,
    enterprise_ids: Sequence[str],
    as_of: date | str | Sequence[date | str],
    limit_cny: float | Sequence[float],
    *,
    paths: int = PATHS,
) -> pd.DataFrame:
    """The expected drawn share of the limit: `drawn_share` while performing, the mean over the
    months in which the enterprise is current, and `drawn_share_at_default`, each with its error.

    The rest as in `true_pd`.
    """
    return _answer(simulation, enterprise_ids, as_of, limit_cny, paths)[[*_KEY, *RESULTS[2:6]]]


def true_lgd(
    simulation: Path | str,
    enterprise_ids: Sequence[str],
    as_of: date | str | Sequence[date | str],
    limit_cny: float | Sequence[float],
    *,
    paths: int = PATHS,
) -> pd.DataFrame:
    """The expected loss given a default within twelve months, as a share of what is owed then:
    `lgd` with `lgd_error`. The rest as in `true_pd`.
    """
    return _answer(simulation, enterprise_ids, as_of, limit_cny, paths)[[*_KEY, *RESULTS[6:8]]]


def true_outcome(
    simulation: Path | str,
    enterprise_ids: Sequence[str],
    as_of: date | str | Sequence[date | str],
    limit_cny: float | Sequence[float],
    *,
    paths: int = PATHS,
) -> pd.DataFrame:
    """All of the three at once, from the same futures: their columns side by side."""
    return _answer(simulation, enterprise_ids, as_of, limit_cny, paths)


_KEY = ("enterprise_id", "as_of", "limit_cny")


def _answer(
    folder: Path | str, enterprise_ids: Sequence[str], as_of: Any, limit_cny: Any, paths: int
) -> pd.DataFrame:
    simulation = open_simulation(folder)
    if paths < 2:
        raise UsageError(f"{paths} paths asked; give 2 or more, for there to be an error.")
    ids = np.asarray(enterprise_ids, dtype=object).astype(str)
    questions = pd.DataFrame({"enterprise_id": ids})
    questions["as_of"] = pd.to_datetime(
        np.broadcast_to(np.asarray(as_of, dtype="datetime64[D]"), len(ids))
    )
    questions["limit_cny"] = np.broadcast_to(np.asarray(limit_cny, dtype=np.float64), len(ids))
    _check_questions(simulation, questions)
    questions["month"] = questions["as_of"].dt.to_period("M").dt.to_timestamp() - pd.DateOffset(
        months=1
    )
    saved = _saved_states(Path(folder), questions)
    found = questions.merge(
        saved, on=["enterprise_id", "month"], how="left", validate="many_to_one"
    )
    there = found["arrears"].notna().to_numpy()
    results = np.full((len(found), len(RESULTS)), np.nan)
    if there.any():
        results[there] = _simulate_from(simulation, found[there].reset_index(drop=True), paths)
    ended = _in_default_before(Path(folder), questions)
    results[ended, 0], results[ended, 1] = 1.0, 0.0
    return pd.concat([questions[[*_KEY]], pd.DataFrame(results, columns=list(RESULTS))], axis=1)


def _check_questions(simulation: Simulation, questions: pd.DataFrame) -> None:
    if not (np.isfinite(questions["limit_cny"]) & (questions["limit_cny"] >= 0)).all():
        raise UsageError("limit_cny: a limit is below 0 or not finite.")
    edges = simulation.calendar.edges
    first, last = (pd.Timestamp(int(edges[at]), unit="D") for at in (0, -1))
    outside = ~questions["as_of"].between(first, last)
    if outside.any():
        raise UsageError(
            f"as_of: {int(outside.sum())} dates outside {first.date()} to {last.date()}."
        )
    number = pd.to_numeric(questions["enterprise_id"].str.removeprefix("E"), errors="coerce")
    unknown = ~(
        questions["enterprise_id"].str.fullmatch(r"E\d{7}")
        & number.between(1, simulation.enterprises)
    )
    if unknown.any():
        raise DataError(f"enterprise_id: {int(unknown.sum())} ids are not in this simulation.")


def _read_truth(
    folder: Path, name: str, questions: pd.DataFrame, columns: list[str] | None
) -> pd.DataFrame:
    """The rows of the questions' enterprises in a table of the truth."""
    path = folder / "truth" / f"{name}.parquet"
    whole = path if path.exists() else folder / "truth" / name
    wanted = [("enterprise_id", "in", set(questions["enterprise_id"]))]
    if "month" in questions and name == "enterprise_months":
        wanted.append(("month", "in", set(questions["month"].dt.date)))
    frame: pd.DataFrame = pq.read_table(whole, columns=columns, filters=wanted).to_pandas()
    return frame


def _saved_states(folder: Path, questions: pd.DataFrame) -> pd.DataFrame:
    states = _read_truth(folder, "enterprise_months", questions, None)
    states["month"] = pd.to_datetime(states["month"]).astype(questions["month"].dtype)
    lives = _read_truth(folder, "enterprises", questions, ["enterprise_id", "attempt", "exited_on"])
    states = states.drop(columns="limit_cny").merge(
        lives, on="enterprise_id", validate="many_to_one"
    )
    gone = pd.to_datetime(states["exited_on"]) <= states["month"] + pd.offsets.MonthEnd(0)
    kept: pd.DataFrame = states[~gone]
    return kept


def _in_default_before(folder: Path, questions: pd.DataFrame) -> Any:
    lives = _read_truth(folder, "enterprises", questions, ["enterprise_id", "defaulted_on"])
    both = questions.merge(lives, on="enterprise_id", how="left", validate="many_to_one")
    return (pd.to_datetime(both["defaulted_on"]) < both["as_of"]).to_numpy()


def _simulate_from(simulation: Simulation, found: pd.DataFrame, paths: int) -> Any:
    ids = found["enterprise_id"].drop_duplicates()
    number = np.array([int(one.removeprefix("E")) - 1 for one in ids], dtype=np.int64)
    attempt = found.loc[ids.index, "attempt"].to_numpy(np.int64)
    traits = draw_traits(
        number, attempt, simulation.calendar, simulation.parameters, simulation.seed
    )
    months = (found["month"].dt.year * 12 + found["month"].dt.month).to_numpy()
    end = simulation.calendar.month_index(date(1970, 1, 1)) - 1970 * 12 - 1
    rate = np.array(found["annual_rate"], dtype=np.float64)
    buyers = found[[f"buyer_{slot + 1}" for slot in range(SLOTS)]]
    starts = StartStates(
        row=pd.Index(ids).get_indexer(found["enterprise_id"]).astype(np.int64),
        step=(months + end + BURN + 1).astype(np.int64),
        state=np.array(found[list(STATE)], dtype=np.float64, order="C"),
        ahead=np.array(
            found[[f"due_in_{month + 1}_usd" for month in range(AHEAD)]],
            dtype=np.float64,
            order="C",
        ),
        buyers=np.array(buyers.fillna(-1), dtype=np.int64, order="C"),
        arrears=np.array(found["arrears"], dtype=np.int64),
        ailing=np.array(found["ailing"], dtype=np.int64),
        rate=np.where(rate > 0, rate, simulation.parameters.programme.rate),
        limit=np.array(found["limit_cny"], dtype=np.float64),
    )
    environment = simulation.environment
    return simulate_futures(
        starts, traits.rows(), environment.factors, environment.market, environment.record, paths
    )
