"""Stability of limits: reasons for changes from month to month, and monotonicity in exports."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.limits.economics import PD_CLIP
from riskmodel.limits.recourse.actions import (
    DECLARED,
    EXPORTS,
    EXPRESSIONS,
    Action,
    apply_action,
    changed_rows,
)
from riskmodel.limits.recourse.recourse import SCORED, Recommender
from riskmodel.statistics.logistic import logit

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
PAIR = ["enterprise_id", "bank"]
READ = ["decision", "limit_cny", "cap_cny", "pd_12m", "binding_constraint", "refusals"]
REASONS = (
    "enterprise", "agreement", "eligibility", "bank_terms", "exports_cap", "pd", "allocation",
    "unexplained",
)  # fmt: skip
"""Reasons for a changed limit, in the order in which the first that holds is named: the enterprise
is in one of the months only; the pair is; a rule of the terms; the bank's own terms; the cap, which
exports and the need set; the default probability; the shadow prices, which place an enterprise
elsewhere or smaller; none of these."""
SMALL = "small"
ALL = "all"

EXPORTS_ALONE = Action("exports_alone", (), DECLARED)
"""More is declared, and nothing follows: receipts, purchases and accounts stay as they are, so that
ratios to exports change."""
EXPORTS_SIZE = Action(
    "exports_size",
    (),
    tuple(
        move for move in DECLARED if move.feature not in ("deal_usd_mean_12m", "returned_usd_12m")
    ),
    fixed=frozenset(EXPRESSIONS) - {"exports_log_usd_12m", "exports_cny_12m"},
)
"""The features of exports' size and growth are higher and every other feature is held: all else equal."""
RISES = (0.01, 0.10, 0.50)


@dataclass(frozen=True)
class Tolerance:
    """Tolerance above which a change needs a reason, and thresholds of the reasons.

    `large` is a change of a limit as a share of the larger of the two; a cap is a reason if it
    moves the same way by at least `cap_part` of the limit's change (in logs), a PD if it moves
    the other way by at least `pd_move` in log-odds. `row_codes` are the binding constraints that
    speak of shared rows, `bank_codes` those that speak of a bank's own terms; `changed_banks`
    are the banks whose terms are not last month's.
    """

    large: float
    cap_part: float
    pd_move: float
    row_codes: Collection[str]
    bank_codes: Collection[str]
    changed_banks: Collection[str] = ()


def explain_changes(last: pd.DataFrame, this: pd.DataFrame, tolerance: Tolerance) -> pd.DataFrame:
    """Explain every large change of a limit between two months, pair by pair.

    Both are recommendations: enterprise_id, bank, decision, limit_cny, cap_cny, pd_12m,
    binding_constraint, refusals. One row a pair: enterprise_id, bank, limit_before_cny,
    limit_cny, change (share of the larger; -1 a limit gone, 1 a new one), enterprise_change (the
    same over the enterprise's banks together), reason (of `REASONS`; "small" where the change is
    not above `large`).
    """
    both = _months_together(last, this)
    before, now = both["limit_cny_before"], both["limit_cny_now"]
    whole = both.groupby("enterprise_id")[["limit_cny_before", "limit_cny_now"]].transform("sum")
    rows = both[PAIR].assign(
        limit_before_cny=before,
        limit_cny=now,
        change=_change(before, now),
        enterprise_change=_change(whole["limit_cny_before"], whole["limit_cny_now"]),
    )
    holds = _reasons(both, rows, tolerance)
    reason = np.select(list(holds.values()), list(holds), default=REASONS[-1])
    large = rows["change"].abs() > tolerance.large
    rows = rows.assign(reason=np.where(large, reason, SMALL))
    return rows[(before > 0) | (now > 0)].reset_index(drop=True)


def count_changes(changed: pd.DataFrame) -> pd.DataFrame:
    """Count changes by bank (and over all) and reason, small and unexplained ones among them.

    Columns: bank, reason, changes, share (of the bank's pairs with a limit in either month),
    limit_change_cny (the sum).
    """
    rows = pd.concat([changed, changed.assign(bank=ALL)], ignore_index=True)
    rows = rows.assign(limit_change_cny=rows["limit_cny"] - rows["limit_before_cny"])
    names = [*sorted(set(changed["bank"])), ALL]
    reasons = list(dict.fromkeys([*REASONS, *sorted(set(changed["reason"]) - {SMALL}), SMALL]))
    every = pd.MultiIndex.from_product([names, reasons], names=["bank", "reason"])
    by = rows.groupby(["bank", "reason"])["limit_change_cny"]
    counts = pd.DataFrame({"changes": by.size(), "limit_change_cny": by.sum()})
    counts = counts.reindex(every, fill_value=0).reset_index()
    of_bank = counts.groupby("bank")["changes"].transform("sum")
    counts = counts.assign(share=counts["changes"] / of_bank.where(of_bank > 0))
    return counts[["bank", "reason", "changes", "share", "limit_change_cny"]]


def _months_together(last: pd.DataFrame, this: pd.DataFrame) -> pd.DataFrame:
    """Pairs of both months side by side, `_before` and `_now`; a decline counts as a limit of 0."""
    both = _pairs(last).merge(
        _pairs(this), on=PAIR, how="outer", suffixes=("_before", "_now"),
        validate="1:1", indicator=True, sort=True,
    )  # fmt: skip
    both["known_before"] = both["enterprise_id"].isin(last["enterprise_id"])
    both["known_now"] = both["enterprise_id"].isin(this["enterprise_id"])
    amounts = ["limit_cny_before", "limit_cny_now", "cap_cny_before", "cap_cny_now"]
    words = [f"{name}_{month}" for name in READ[-2:] for month in ("before", "now")]
    return both.assign(
        **{name: both[name].fillna(0.0) for name in amounts},
        **{name: both[name].astype("object").fillna("") for name in words},
    )


def _pairs(month: pd.DataFrame) -> pd.DataFrame:
    pairs = month.loc[month["bank"] != "", [*PAIR, *READ]]
    return pairs.assign(limit_cny=pairs["limit_cny"].where(pairs["decision"] == "offer", 0.0))


def _change(before: pd.Series, now: pd.Series) -> pd.Series:
    larger = before.where(before > now, now)
    return ((now - before) / larger.where(larger > 0)).fillna(0.0)


def _reasons(both: pd.DataFrame, rows: pd.DataFrame, tolerance: Tolerance) -> dict[str, Flags]:
    """Flags of the reasons that hold for each pair, in the order of `REASONS` without the last."""
    way = np.sign(rows["change"].to_numpy(np.float64))
    refused = [(both[f"refusals_{month}"] != "").to_numpy(np.bool_) for month in ("before", "now")]
    codes = [both[f"binding_constraint_{month}"] for month in ("before", "now")]
    moved_elsewhere = rows["enterprise_change"].abs() <= tolerance.large
    cap = _cap_explains(both, tolerance)
    odds = [
        logit(both[f"pd_12m_{month}"].to_numpy(np.float64), PD_CLIP) for month in ("before", "now")
    ]
    bank_part, row_part = (
        (codes[0].isin(list(named)) | codes[1].isin(list(named))).to_numpy(np.bool_)
        for named in (tolerance.bank_codes, tolerance.row_codes)
    )
    pd_moves = (odds[0] - odds[1]) * way >= tolerance.pd_move
    changed = both["bank"].isin(list(tolerance.changed_banks)).to_numpy(np.bool_)
    holds = (
        (~(both["known_before"] & both["known_now"])).to_numpy(np.bool_),
        (both["_merge"] != "both").to_numpy(np.bool_),
        (refused[0] != refused[1]) & (np.where(refused[1], -1.0, 1.0) == way),
        changed | (bank_part & cap),
        cap,
        pd_moves,
        row_part | moved_elsewhere.to_numpy(np.bool_),
    )
    return dict(zip(REASONS, holds, strict=False))


def _cap_explains(both: pd.DataFrame, tolerance: Tolerance) -> Flags:
    """Flag pairs whose cap moved the limit's way by enough; a cap of 0 on one side is enough."""
    cap = [both[f"cap_cny_{month}"].to_numpy(np.float64) for month in ("before", "now")]
    limit = [both[f"limit_cny_{month}"].to_numpy(np.float64) for month in ("before", "now")]
    open_cap, opens = (cap[0] > 0) & (cap[1] > 0), (limit[0] > 0) & (limit[1] > 0)
    cap_log = np.log(np.where(open_cap, cap[1], 1.0) / np.where(open_cap, cap[0], 1.0))
    limit_log = np.log(np.where(opens, limit[1], 1.0) / np.where(opens, limit[0], 1.0))
    enough = cap_log * np.sign(limit_log) >= tolerance.cap_part * np.abs(limit_log)
    one_side = (cap[0] > 0) != (cap[1] > 0)
    explains: Flags = (one_side & ~opens) | (open_cap & opens & (limit_log != 0) & enough)
    return explains


@dataclass(frozen=True)
class Monotonicity:
    """Counts of limits that fall where exports rise.

    All else equal none should: neither at the PD held nor for "exports_size". For the other actions
    a fall by the model says that exports without money, or without cash to match, are riskier.
    `counts` has a row a action, rise and view of the PD ("held", or anew by the "model"):
    enterprises (whom it moves), limits (how many have one), higher, falls, ended (of these,
    limits gone), fallen_cny (the sum), largest_fall_cny. `falls` has a row for each that falls.
    """

    counts: pd.DataFrame
    falls: pd.DataFrame


def check_monotonicity(
    features: pd.DataFrame,
    recommender: Recommender,
    *,
    rises: Sequence[float] = RISES,
    actions: Sequence[Action] = (EXPORTS_SIZE, EXPORTS, EXPORTS_ALONE),
) -> Monotonicity:
    """Decide every limit again with higher exports, all else equal, the PD held and by the model.

    `features` are one row an enterprise: enterprise_id, as_of and the features.
    """
    scored = recommender.score(features)
    rows = features.assign(**{name: scored[name] for name in SCORED}).reset_index(drop=True)
    now = recommender.at_given_pd(rows)
    cases = []
    for action in actions:
        for rise in rises:
            after = apply_action(rows, action, rise)
            moving = changed_rows(rows, after)
            then = rows.assign(**after)[moving]
            views = {"held": recommender.at_given_pd, "model": recommender.limits}
            cases += [
                _case(now[moving], view(then), {"action": action.name, "rise": rise, "pd": name})
                for name, view in views.items()
            ]
    every = pd.concat(cases, ignore_index=True)
    asked = pd.MultiIndex.from_product(
        [[action.name for action in actions], rises, ["held", "model"]],
        names=["action", "rise", "pd"],
    )
    return Monotonicity(
        _counts(every, asked), every[every["fallen_cny"] > 0].reset_index(drop=True)
    )


def _case(now: pd.DataFrame, then: pd.DataFrame, named: dict[str, str | float]) -> pd.DataFrame:
    return now.assign(
        bank_then=then["bank"],
        limit_then_cny=then["limit_cny"],
        pd_then_12m=then["pd_12m"],
        fallen_cny=(now["limit_cny"] - then["limit_cny"]).clip(lower=0.0),
        **named,
    )


def _counts(every: pd.DataFrame, asked: pd.MultiIndex) -> pd.DataFrame:
    marked = every.assign(
        limits=every["limit_cny"] > 0,
        higher=every["limit_then_cny"] > every["limit_cny"],
        falls=every["fallen_cny"] > 0,
        ended=(every["fallen_cny"] > 0) & (every["limit_then_cny"] <= 0),
    )
    by = marked.groupby(["action", "rise", "pd"], sort=False)
    counts = by[["limits", "higher", "falls", "ended"]].sum().astype(np.int64)
    counts.insert(0, "enterprises", by.size())
    fallen = by["fallen_cny"].agg(["sum", "max"])
    counts = counts.assign(fallen_cny=fallen["sum"], largest_fall_cny=fallen["max"])
    return counts.reindex(asked, fill_value=0).reset_index()
