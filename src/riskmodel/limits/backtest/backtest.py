"""Evaluate a month's book at its true outcomes, by the same economics as the book's own.

Beside it stand the 1:1 rule and the best book that the truth would have allowed.

A frame of lines has one row a line: enterprise_id, bank, limit_cny, annual_rate, fixed_cny (opening
and subsidy), expected_profit_cny (NaN where nobody expected anything).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.errors import DataError
from riskmodel.limits.allocation import Allocation, allocate
from riskmodel.limits.allocation.options import Options
from riskmodel.limits.capital import risk_weight
from riskmodel.limits.economics import PD_CLIP, Terms
from riskmodel.limits.feature_values import feature_values
from riskmodel.limits.fixed_ratio import fixed_ratio_rule
from riskmodel.limits.recommend import AllocationProblem
from riskmodel.statistics.logistic import logit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
EvaluatedBooks = Mapping[str, pd.DataFrame]
"""Lines by the name of who chose them, held against the truth."""
KEY = ["enterprise_id", "limit_cny"]
BOOK, ORACLE = "book", "oracle"
RULE, CUT, CUT_AT_BASE = "rule", "rule_with_cut", "rule_with_cut_at_base"
"""The 1:1 rule, with a PD cut, both at the book's prices; with a cut at the banks' base rates."""
LEVEL, RESPONSE, DRAWN, LGD = "pd_level", "pd_response", "drawn_share", "lgd"
PARTS = (LEVEL, RESPONSE, DRAWN, LGD)
"""Components of a book's error: each PD at its cap, the PD's response to the limit, the utilisation
with exposure at default, and the loss given default."""
STEPS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
"""The frontier's budgets, as multiples of the banks' own."""


@dataclass(frozen=True)
class Outcome:
    """True or predicted outcomes of lines: arrays of one shape, shares of the limit.

    A PD of NaN is an enterprise that is gone: it takes no line.
    """

    pd_12m: Floats
    drawn_share: Floats
    owed_share: Floats
    lgd: Floats


NAMES = [field.name for field in fields(Outcome)]


def profit_and_loss(
    lines: tuple[Floats, Floats, Ints, Floats], outcome: Outcome, terms: Terms
) -> tuple[Floats, Floats]:
    """Return yearly profit and expected loss of lines, CNY; 0 for enterprises that are gone.

    `lines` are limit, yearly rate, position of the bank, and fixed cost. As `economics.line_economics`
    reckons (limits.md): drawn (rate - funding)(1 - PD) - PD LGD owed - capital - fixed cost.
    """
    limit, rate, bank, fixed = lines
    funding = np.asarray([one.funding_rate for one in terms.banks.bank])[bank]
    asked = np.asarray([one.capital_cost for one in terms.banks.bank])[bank]
    here = np.isfinite(outcome.pd_12m)
    default = np.where(here, outcome.pd_12m, 0.0)
    owed = outcome.owed_share * limit
    loss = default * outcome.lgd * owed
    ratio = terms.policy.economics.capital_ratio
    capital = asked * ratio * risk_weight(default, terms.policy.capital) * owed
    earning = outcome.drawn_share * limit * (1 - default) * (rate - funding)
    return np.where(here, earning - loss - capital - fixed, 0.0), np.where(here, loss, 0.0)


def clean_truth(truth: pd.DataFrame, terms: Terms) -> pd.DataFrame:
    """Return the truth's rows without missing values but for enterprises that are gone (no PD).

    Who is in default already draws nothing that earns and owes the whole line; where the truth
    names no LGD for a line the policy's stands in. `DataError` for other holes or doubled rows.
    """
    rows = truth[[*KEY, *NAMES]]
    ended = rows["pd_12m"] == 1
    rows = rows.assign(
        drawn_share=rows["drawn_share"].where(~ended, 0.0),
        owed_share=rows["owed_share"].where(~ended, 1.0),
        lgd=rows["lgd"].fillna(terms.policy.economics.lgd),
    )
    holes = int(rows.loc[rows["pd_12m"].notna(), NAMES].isna().any(axis=1).sum())
    twice = int(rows.duplicated(KEY).sum())
    if holes or twice:
        raise DataError(
            f"truth: {holes} rows with a PD lack a share, {twice} repeat an enterprise and limit. "
            "Ask once for each."
        )
    gone = rows["pd_12m"].isna()
    return rows.assign(**{name: rows[name].where(~gone, 0.0) for name in NAMES[1:]})


def limits_to_query(problem: AllocationProblem, *books: pd.DataFrame) -> pd.DataFrame:
    """Return the enterprises and limits to ask the truth for: all open levels, and the books'
    lines."""
    pair, level = np.nonzero(np.isfinite(problem.options.value))
    ids = problem.case.scored["enterprise_id"].to_numpy(object)
    levels = pd.DataFrame(
        {
            "enterprise_id": ids[problem.case.pairs.enterprise[pair]],
            "limit_cny": problem.options.limit[pair, level],
        }
    )
    every = pd.concat([levels, *(book[KEY] for book in books)])
    return every.drop_duplicates().sort_values(KEY, ignore_index=True)


def evaluate_lines(lines: pd.DataFrame, truth: pd.DataFrame, terms: Terms) -> pd.DataFrame:
    """Evaluate lines at the truth: add `Outcome`'s columns, profit_cny and loss_cny.

    `truth` is as `clean_truth` gives it; `DataError` where it lacks a line.
    """
    rows = lines.merge(truth, on=KEY, how="left", validate="m:1", indicator="found")
    lacking = int((rows["found"] == "left_only").sum())
    if lacking:
        raise DataError(f"truth: {lacking} of {len(rows)} lines are not in it. Ask for them too.")
    rows = rows.drop(columns="found")
    outcome = Outcome(*(rows[name].to_numpy(np.float64) for name in NAMES))
    bank = pd.Index(terms.banks.names).get_indexer(pd.Index(rows["bank"])).astype(np.int64)
    amounts = [rows[name].to_numpy(np.float64) for name in ("limit_cny", "annual_rate")]
    terms_of = (amounts[0], amounts[1], bank, rows["fixed_cny"].to_numpy(np.float64))
    profit, loss = profit_and_loss(terms_of, outcome, terms)
    return rows.assign(profit_cny=profit, loss_cny=loss)


def book_lines(problem: AllocationProblem, allocation: Allocation) -> pd.DataFrame:
    """The allocation's lines."""
    pair = allocation.pair[allocation.pair >= 0]
    at = (pair, allocation.level[allocation.pair >= 0])
    return _lines(problem, pair).assign(
        limit_cny=problem.options.limit[at],
        annual_rate=problem.lines.annual_rate[at],
        expected_profit_cny=problem.lines.profit_cny[at],
    )


def rule_lines(problem: AllocationProblem, rates: Floats, order: Floats) -> pd.DataFrame:
    """Return the lines of the 1:1 rule for all who are eligible, in ascending `order` (ties by id).

    `rates` is one a pair, `order` one an enterprise. The rule knows no bank's rows: each enterprise
    goes to the banks that it signed with in turn, so that no bank is favoured.
    """
    case = problem.case
    limit = fixed_ratio_rule(case.scored, case.terms.policy, max_pd=1.0)["limit_cny"].to_numpy()
    start = problem.options.start
    served = np.flatnonzero((limit > 0) & (np.diff(start) > 0))
    served = served[np.argsort(order[served], kind="stable")]
    pair = start[served] + np.arange(len(served)) % np.diff(start)[served]
    return _lines(problem, pair).assign(
        limit_cny=limit[served], annual_rate=rates[pair], expected_profit_cny=np.nan
    )


def rule_books(problem: AllocationProblem) -> dict[str, pd.DataFrame]:
    """Return the rules' lines, whole and in their own order: by id, or by ascending PD.

    At the rates that the book asks at each pair's cap, and at the banks' base rates.
    """
    base = np.asarray([bank.reference_rate for bank in problem.case.terms.banks.bank])
    asked, by_pd = problem.lines.annual_rate[:, -1], problem.case.pd_12m
    return {
        RULE: rule_lines(problem, asked, np.zeros(len(by_pd))),
        CUT: rule_lines(problem, asked, by_pd),
        CUT_AT_BASE: rule_lines(problem, base[problem.case.pairs.bank], by_pd),
    }


def truncate_to_volume(lines: pd.DataFrame, volume_cny: float) -> pd.DataFrame:
    """Return the first lines whose limits sum up to the volume; the last one is given in part."""
    before = lines["limit_cny"].cumsum() - lines["limit_cny"]
    limit = np.minimum(lines["limit_cny"], (volume_cny - before).clip(lower=0.0))
    return lines.assign(limit_cny=limit)[limit > 0].reset_index(drop=True)


def _lines(problem: AllocationProblem, pair: Ints) -> pd.DataFrame:
    case, fixed = problem.case, _fixed_costs(problem)
    ids = case.scored["enterprise_id"].to_numpy(object)[case.pairs.enterprise[pair]]
    banks = np.asarray(case.terms.banks.names, dtype=object)[case.pairs.bank[pair]]
    return pd.DataFrame({"enterprise_id": ids, "bank": banks, "fixed_cny": fixed[pair]})


def _fixed_costs(problem: AllocationProblem) -> Floats:
    """Opening cost and subsidy, one a pair."""
    case, economics = problem.case, problem.case.terms.policy.economics
    through = feature_values(case.scored, case.terms.policy.caps.platform_feature).fillna(0.0)
    subsidy = economics.subsidy_cny_per_usd * through.clip(lower=0.0).to_numpy(np.float64)
    cost: Floats = economics.opening_cost_cny + subsidy[case.pairs.enterprise]
    return cost


def true_outcome_of(problem: AllocationProblem, truth: pd.DataFrame) -> Outcome:
    """Return the truth of every open level of every pair, pairs x levels; closed ones as if gone."""
    pair, level = np.nonzero(np.isfinite(problem.options.value))
    ids = problem.case.scored["enterprise_id"].to_numpy(object)
    wanted = pd.MultiIndex.from_arrays(
        [ids[problem.case.pairs.enterprise[pair]], problem.options.limit[pair, level]]
    )
    place = pd.MultiIndex.from_frame(truth[KEY]).get_indexer(wanted)
    if (place < 0).any():
        raise DataError(f"truth: {int((place < 0).sum())} levels are not in it. Ask for them too.")
    arrays = []
    for name in NAMES:
        whole = np.full(problem.options.value.shape, np.nan if name == "pd_12m" else 0.0)
        whole[pair, level] = truth[name].to_numpy(np.float64)[place]
        arrays.append(whole)
    return Outcome(*arrays)


def predicted_outcome_of(problem: AllocationProblem) -> Outcome:
    """Return the month's predicted outcomes, read back from its expected earnings and losses.

    `DataError` under a churn curve: the chance that an offer is taken is inside the profit.
    """
    lines, lgd = problem.lines, problem.case.terms.policy.economics.lgd
    if problem.case.terms.curve is not None:
        raise DataError("backtest: profit holds 1 churn curve's chances. Judge without the curve.")
    lost, sound = lines.pd_12m * lgd * lines.limit_cny, (1 - lines.pd_12m) * lines.limit_cny
    owed, drawn = (
        np.divide(amount, whole, out=np.zeros_like(whole), where=whole > 0)
        for amount, whole in ((lines.loss_cny, lost), (lines.earning_cny, sound))
    )
    return Outcome(lines.pd_12m, drawn, owed, np.full(lost.shape, lgd))


def _line_terms(problem: AllocationProblem) -> tuple[Floats, Floats, Ints, Floats]:
    bank = problem.case.pairs.bank[:, None]
    return problem.lines.limit_cny, problem.lines.annual_rate, bank, _fixed_costs(problem)[:, None]


def options_under(problem: AllocationProblem, outcome: Outcome) -> Options:
    """Return the month's options with profit and loss under the outcome.

    Levels, rates and rows stay. Whoever is gone is closed.
    """
    profit, loss = profit_and_loss(_line_terms(problem), outcome, problem.case.terms)
    open_ = np.isfinite(problem.options.value) & np.isfinite(outcome.pd_12m)
    return replace(
        problem.options,
        value=np.where(open_, profit, -np.inf),
        loss=np.where(open_, loss, 0.0),
    )


def mix_outcomes(parts: tuple[str, ...], predicted: Outcome, true: Outcome) -> Outcome:
    """Replace the named `PARTS` of the predicted outcomes by the true ones.

    Enterprises that are gone stay so only where the level of the PD is known.
    """
    here = np.isfinite(true.pd_12m)
    was, now = (logit(np.where(here, one.pd_12m, 0.5), PD_CLIP) for one in (predicted, true))
    level = (now if LEVEL in parts else was)[:, -1:]
    shape = now if RESPONSE in parts else was
    default = 1 / (1 + np.exp(-(level + shape - shape[:, -1:])))
    unseen = np.nan if LEVEL in parts else predicted.pd_12m
    drawn = here & (DRAWN in parts)
    return Outcome(
        pd_12m=np.where(here, default, unseen),
        drawn_share=np.where(drawn, true.drawn_share, predicted.drawn_share),
        owed_share=np.where(drawn, true.owed_share, predicted.owed_share),
        lgd=np.where(here & (LGD in parts), true.lgd, predicted.lgd),
    )


def value_of_information(
    problem: AllocationProblem, truth: pd.DataFrame, *, threads: int = 1
) -> pd.DataFrame:
    """Compute the value of knowing one component, or all but one: allocated anew, evaluated at the
    truth.

    Columns: knows (nothing, each of `PARTS`, all but each, everything), lines, limit_cny,
    believed_cny, profit_cny, regret (share of the profit of who knows everything).
    """
    predicted, true = predicted_outcome_of(problem), true_outcome_of(problem, truth)
    views = {part: mix_outcomes((part,), predicted, true) for part in PARTS}
    for part in PARTS:
        others = tuple(one for one in PARTS if one != part)
        views[f"all but {part}"] = mix_outcomes(others, predicted, true)
    views["everything"] = true
    told = {"nothing": problem.options}
    told |= {name: options_under(problem, view) for name, view in views.items()}
    rows = []
    for name, options in told.items():
        chosen = allocate(options, threads=threads)
        evaluated = evaluate_lines(book_lines(problem, chosen), truth, problem.case.terms)
        sums = evaluated[["limit_cny", "profit_cny"]].sum()
        rows.append((name, len(evaluated), sums["limit_cny"], chosen.value, sums["profit_cny"]))
    columns = ["knows", "lines", "limit_cny", "believed_cny", "profit_cny"]
    table = pd.DataFrame(rows, columns=columns)
    best = table["profit_cny"].iloc[-1]
    return table.assign(regret=1 - table["profit_cny"] / best if best > 0 else np.nan)
