"""Measures of evaluated books: bad rates, swap sets, frontier, intervals, stressed loss caps."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.limits.allocation import allocate
from riskmodel.limits.backtest.backtest import (
    BOOK,
    CUT,
    CUT_AT_BASE,
    ORACLE,
    STEPS,
    EvaluatedBooks,
    book_lines,
    evaluate_lines,
    truncate_to_volume,
)
from riskmodel.limits.economics import PD_CLIP, Terms
from riskmodel.limits.policy import Banks
from riskmodel.limits.recommend import AllocationProblem
from riskmodel.statistics.logistic import logit

Floats = NDArray[np.float64]
LIFT, LIFT_AT_BASE = "lift_over_cut", "lift_over_cut_at_base"
REGRET, CURSE = "regret", "curse"
BAD, BAD_BY_LIMIT = "bad_rate", "bad_rate_by_limit"
LEAST_APART = 0.3
"""Shares of the programme's limit between which a true slope is read; nearer, its error drowns it."""
MEASURES = (LIFT, LIFT_AT_BASE, REGRET, CURSE, BAD, BAD_BY_LIMIT)
"""Profit over the rule with a cut at equal volume, at the book's prices and at the banks' base
rates; profit missed against the oracle; predicted less true profit, as a share of the true; true
default rate of the book, by enterprise and by limit."""


def summarise_books(evaluated: EvaluatedBooks) -> pd.DataFrame:
    """One row a book: book, lines, gone, limit_cny, drawn_share, expected_profit_cny, profit_cny,
    loss_cny, bad_rate, bad_rate_by_limit (true chances of default), curse_cny (expected less true
    profit)."""
    return pd.DataFrame([{"book": name, **_summarise(lines)} for name, lines in evaluated.items()])


def _summarise(lines: pd.DataFrame) -> dict[str, float]:
    taken = lines[lines["pd_12m"].notna()]
    expected = lines["expected_profit_cny"].sum(min_count=1) if len(lines) else 0.0
    profit = lines["profit_cny"].sum()
    return {
        "lines": len(lines),
        "gone": len(lines) - len(taken),
        "limit_cny": lines["limit_cny"].sum(),
        "drawn_share": _weighted_mean(taken["drawn_share"], taken["limit_cny"]),
        "expected_profit_cny": expected,
        "profit_cny": profit,
        "loss_cny": lines["loss_cny"].sum(),
        BAD: taken["pd_12m"].mean(),
        BAD_BY_LIMIT: _weighted_mean(taken["pd_12m"], taken["limit_cny"]),
        "curse_cny": expected - profit,
    }


def _weighted_mean(values: pd.Series, weights: pd.Series) -> float:
    total = float(weights.sum())
    return float((values * weights).sum()) / total if total > 0 else float("nan")


def observed_outcomes(evaluated: EvaluatedBooks, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Summarise what the source shows of the books' enterprises in the year after.

    `outcomes`: enterprise_id, defaulted, drawn_share and lost_cny (of the lines that were really
    in force; NaN without one). One row a book: book, lines, defaults, default_rate,
    expected_default_rate (the truth's), lines_seen (with a real line), seen_drawn_share,
    true_drawn_share (at the book's limits, same enterprises), lost_cny.
    """
    rows = []
    for name, lines in evaluated.items():
        both = lines.merge(outcomes, on="enterprise_id", how="left", validate="1:1",
                           suffixes=("", "_seen"))  # fmt: skip
        seen = both[both["drawn_share_seen"].notna()]
        defaulted = both["defaulted"].eq(True)
        rows.append(
            {
                "book": name,
                "lines": len(both),
                "defaults": int(defaulted.sum()),
                "default_rate": defaulted.mean(),
                "expected_default_rate": both["pd_12m"].mean(),
                "lines_seen": len(seen),
                "seen_drawn_share": seen["drawn_share_seen"].mean(),
                "true_drawn_share": seen["drawn_share"].mean(),
                "lost_cny": both["lost_cny"].sum(),
            }
        )
    return pd.DataFrame(rows)


def swap_sets(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """Compare two books by swap sets: enterprises in both, in ours only, in theirs only.

    One row a set: set, enterprises, limit_cny, their_limit_cny, profit_cny, their_profit_cny,
    bad_rate (true chance of default, at our limit where there is one).
    """
    columns = ["enterprise_id", "limit_cny", "profit_cny", "pd_12m"]
    both = ours[columns].merge(
        theirs[columns], on="enterprise_id", how="outer", validate="1:1",
        suffixes=("", "_theirs"), indicator="set",
    )  # fmt: skip
    names = {"both": "both", "left_only": "ours only", "right_only": "theirs only"}
    both["set"] = both["set"].astype("object").map(names)
    both["bad"] = both["pd_12m"].fillna(both["pd_12m_theirs"])
    by = both.groupby("set").agg(
        enterprises=("enterprise_id", "size"),
        limit_cny=("limit_cny", "sum"),
        their_limit_cny=("limit_cny_theirs", "sum"),
        profit_cny=("profit_cny", "sum"),
        their_profit_cny=("profit_cny_theirs", "sum"),
        bad_rate=("bad", "mean"),
    )
    found = by.reindex(list(names.values()))
    empty = found.columns.drop("bad_rate")
    return found.assign(**{name: found[name].fillna(0.0) for name in empty}).reset_index()


def frontier_lines(
    problem: AllocationProblem, rules: Mapping[str, pd.DataFrame], *, threads: int = 1
) -> dict[float, dict[str, pd.DataFrame]]:
    """For each multiple of the capacities: the book's lines, and each rule's, truncated to its volume.

    `rules` are complete books by name, in the order in which each rule lends. Keys: `BOOK` and the rules' names.
    """
    found = {}
    for step in STEPS:
        options = replace(problem.options, capacity=problem.options.capacity * step)
        book = book_lines(problem, allocate(options, threads=threads))
        volume = float(book["limit_cny"].sum())
        found[step] = {BOOK: book} | {
            name: truncate_to_volume(rule, volume) for name, rule in rules.items()
        }
    return found


def frontier(
    steps: Mapping[float, Mapping[str, pd.DataFrame]], truth: pd.DataFrame, terms: Terms
) -> pd.DataFrame:
    """Volume against bad rate and profit: `summarise_books` the lines of every step, with the step."""
    found = []
    for step, books in steps.items():
        evaluated = {name: evaluate_lines(lines, truth, terms) for name, lines in books.items()}
        found.append(summarise_books(evaluated).assign(step=step))
    return pd.concat(found, ignore_index=True)


def compute_measures(evaluated: EvaluatedBooks) -> pd.Series:
    """`MEASURES` of the book beside the rules with a cut and the oracle."""
    return pd.Series(_compute_measures(_sums(evaluated).sum(axis=1)), index=list(MEASURES))


def bootstrap_intervals(
    evaluated: EvaluatedBooks, *, draws: int, seed: int, level: float = 0.95
) -> pd.DataFrame:
    """`MEASURES` with their bootstrap interval over enterprises, all their lines together.

    A draw's books differ a little in volume: profits are compared a yuan of limit. It speaks of
    other enterprises in the same year. Columns: measure, value, low, high.
    """
    sums = _sums(evaluated)
    count = sums.shape[1]
    rng = np.random.default_rng(seed)
    shares = np.full(count, 1 / count)
    drawn = np.stack(
        [_compute_measures(sums @ rng.multinomial(count, shares)) for _ in range(draws)]
    )
    # a draw without any line of a book says nothing of a ratio to it
    drawn = np.where(np.isfinite(drawn), drawn, np.nan)
    ends = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return pd.DataFrame(
        {
            "measure": MEASURES,
            "value": compute_measures(evaluated).to_numpy(),
            "low": ends[0],
            "high": ends[1],
        }
    )


_COUNTED = ("limit", "profit", "expected", "taken", "bad", "taken_limit", "bad_limit")


def _sums(evaluated: EvaluatedBooks) -> Floats:
    """Books x what is summed of each (in one axis) by enterprises in any of them."""
    rows = []
    ids = pd.Index(sorted({one for lines in evaluated.values() for one in lines["enterprise_id"]}))
    for name in (BOOK, CUT, CUT_AT_BASE, ORACLE):
        lines = evaluated[name]
        taken = lines["pd_12m"].notna().astype(float)
        bad = lines["pd_12m"].fillna(0.0)
        values = np.zeros((len(_COUNTED), len(ids)))
        place = ids.get_indexer(pd.Index(lines["enterprise_id"]))
        values[:, place] = np.stack(
            [
                lines["limit_cny"], lines["profit_cny"], lines["expected_profit_cny"],
                taken, bad, taken * lines["limit_cny"], bad * lines["limit_cny"],
            ]
        )  # fmt: skip
        rows.append(values)
    return np.concatenate(rows)


def _compute_measures(sums: Floats) -> Floats:
    """`MEASURES` from the summed rows of the book, the rules with a cut and the oracle."""
    parts = (dict(zip(_COUNTED, part, strict=True)) for part in sums.reshape(4, -1))
    book, cut, at_base, oracle = parts
    with np.errstate(divide="ignore", invalid="ignore"):
        yields = [one["profit"] / one["limit"] for one in (book, cut, at_base)]
        measured = [
            yields[0] / yields[1] - 1,
            yields[0] / yields[2] - 1,
            1 - book["profit"] / oracle["profit"],
            book["expected"] / book["profit"] - 1,
            book["bad"] / book["taken"],
            book["bad_limit"] / book["taken_limit"],
        ]
    return np.asarray(measured, dtype=np.float64)


def average_over_simulations(measured: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Means over simulations with Student's interval of the mean.

    `measured`: seed, measure, value; months of one simulation are averaged first, since they share its
    enterprises. Columns: measure, simulations, value, low, high (missing for one simulation).
    """
    from scipy.stats import t

    by = measured.groupby(["measure", "seed"], sort=False)["value"].mean().groupby("measure")
    found = by.agg(["size", "mean", "std"]).reindex(measured["measure"].drop_duplicates())
    half = t.ppf((1 + level) / 2, found["size"] - 1) * found["std"] / np.sqrt(found["size"])
    return pd.DataFrame(
        {
            "measure": found.index,
            "simulations": found["size"].to_numpy(),
            "value": found["mean"].to_numpy(),
            "low": (found["mean"] - half).to_numpy(),
            "high": (found["mean"] + half).to_numpy(),
        }
    )


def stress_loss_caps(base: pd.DataFrame, stress: pd.DataFrame, banks: Banks) -> pd.DataFrame:
    """Evaluate the same lines at two truths: the banks' loss caps that break.

    One row a bank: bank, lines, limit_cny, loss_cap_cny, base_loss_cny, loss_cny, base_profit_cny,
    profit_cny, breaks (under the stress, not before).
    """
    both = base[["enterprise_id", "bank", "limit_cny", "loss_cny", "profit_cny"]].merge(
        stress[["enterprise_id", "loss_cny", "profit_cny"]],
        on="enterprise_id", validate="1:1", suffixes=("_base", ""),
    )  # fmt: skip
    sums = both.groupby("bank")[["limit_cny", "loss_cny_base", "loss_cny", "profit_cny_base", "profit_cny"]].sum()  # fmt: skip
    sums = sums.reindex(list(banks.names), fill_value=0.0).reset_index()
    cap = np.asarray([bank.loss_cap_cny for bank in banks.bank])
    return pd.DataFrame(
        {
            "bank": sums["bank"],
            "lines": both["bank"].value_counts().reindex(banks.names, fill_value=0).to_numpy(),
            "limit_cny": sums["limit_cny"],
            "loss_cap_cny": cap,
            "base_loss_cny": sums["loss_cny_base"],
            "loss_cny": sums["loss_cny"],
            "base_profit_cny": sums["profit_cny_base"],
            "profit_cny": sums["profit_cny"],
            "breaks": (sums["loss_cny"] > cap) & (sums["loss_cny_base"] <= cap),
        }
    )


def excess_limits(
    book: pd.DataFrame, best: pd.DataFrame, best_before: pd.DataFrame
) -> dict[str, float]:
    """Count the book's limits that a stress makes too high.

    Too high is above the oracle's limit under the stress, where that is below the oracle's without
    it.

    too_high (count), too_high_cny (what the stress takes off them), losing (lines that lose money at
    the truth), losing_cny (what they lose).
    """
    ids = book["enterprise_id"]
    now, before = (
        one.set_index("enterprise_id")["limit_cny"].reindex(ids).fillna(0.0).to_numpy()
        for one in (best, best_before)
    )
    most = np.minimum(book["limit_cny"].to_numpy(np.float64), before)
    above = np.maximum(most - now, 0.0)
    lost = np.maximum(-book["profit_cny"].to_numpy(np.float64), 0.0)
    return {
        "too_high": int((above > 0).sum()),
        "too_high_cny": float(above.sum()),
        "losing": int((lost > 0).sum()),
        "losing_cny": float(lost.sum()),
    }


def response_errors(problem: AllocationProblem, truth: pd.DataFrame) -> pd.DataFrame:
    """Errors of the fitted response, the naive one and the policy's lie from the true ones.

    A true slope is the rise of the true log-odds of default from an enterprise's smallest to its
    largest level, over the rise of the share of the programme's limit. Columns: measure, value:
    `true_slope` (the mean), and for "fitted", "naive" and "stated" the slope and the root mean
    square of its error over enterprises. No rows where nothing was fitted.
    """
    response = problem.case.terms.behaviour.response
    if response is None:
        return pd.DataFrame({"measure": [], "value": []})
    usual = problem.case.caps.set_index("enterprise_id")["programme_cny"]
    known = truth[(truth["pd_12m"] > 0) & (truth["pd_12m"] < 1) & (truth["limit_cny"] > 0)]
    odds = logit(known["pd_12m"].to_numpy(np.float64), PD_CLIP)
    share = known["limit_cny"] / known["enterprise_id"].map(usual)
    rows = known[["enterprise_id"]].assign(odds=odds, share=share).sort_values("share")
    ends = rows.groupby("enterprise_id")[["odds", "share"]].agg(["first", "last"])
    apart = ends["share"]["last"] - ends["share"]["first"]
    true = ((ends["odds"]["last"] - ends["odds"]["first"]) / apart)[apart > LEAST_APART]
    slopes = {"fitted": response.slope, "stated": problem.case.terms.policy.economics.pd_slope}
    slopes |= {one.lines: one.slope for one in response.estimates if one.lines == "naive"}
    found = {"true_slope": float(true.mean())}
    for name, slope in slopes.items():
        found[f"{name}_slope"] = slope
        found[f"{name}_rmse"] = float(((true - slope) ** 2).mean() ** 0.5)
    return pd.DataFrame({"measure": list(found), "value": list(found.values())})
