"""Recourse: the smallest change in what an enterprise controls that raises its limit.

Each step of each action is a changed row, scored and decided like any other. What is found is what
the model and the terms would say of such a row, not a promise, and not a claim that the change
alone would cause it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.errors import DataError
from riskmodel.limits.constraints import CONSTRAINT_KINDS
from riskmodel.limits.eligibility import SEPARATOR
from riskmodel.limits.policy import Policy
from riskmodel.limits.recourse.actions import ACTIONS, RECORDS, Action, apply_action, changed_rows
from riskmodel.limits.recourse.texts import write_sentences, write_without_recourse

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Decide = Callable[[pd.DataFrame], pd.DataFrame]
"""Scored enterprises to each one's best bank and limit at given shadow prices, in the same order:
enterprise_id, bank ("" for none), limit_cny, annual_rate, pd_at_limit, expected_profit_cny,
net_cny. An enterprise's answer may not depend on which others are asked."""
Score = Callable[[pd.DataFrame], pd.DataFrame]
"""Features to pd_12m, pd_low, pd_high and grade, on the same index."""
SCORED = ("pd_12m", "pd_low", "pd_high", "grade")
NEAREST = (*CONSTRAINT_KINDS, "profit", "floor", "pd_cut", "pd_horizon")
"""Reasons without an offer, the nearest to an offer first: of several banks, that one is named."""
NOW = ["enterprise_id", "bank", "limit_cny", "pd_12m"]
CAUSE = ["enterprise_id", "cause", "cause_en", "cause_zh", "lasting"]
COLUMNS = (
    "enterprise_id", "rank", "action", "step", "effort", "bank", "limit_cny", "bank_then",
    "limit_then_cny", "pd_12m", "pd_then_12m", "cause", "text_en", "text_zh",
)  # fmt: skip
TEXTS = ("action", "bank", "bank_then", "cause", "text_en", "text_zh")


@dataclass(frozen=True)
class Recommender:
    """The model and the decision together: from features to a limit."""

    score: Score
    decide: Decide

    def limits(self, features: pd.DataFrame) -> pd.DataFrame:
        """Each row's enterprise_id, bank, limit_cny and pd_12m, on the features' index."""
        scored = self.score(features)
        rows = features.assign(**{name: scored[name] for name in SCORED})
        return self.at_given_pd(rows)

    def at_given_pd(self, scored: pd.DataFrame) -> pd.DataFrame:
        """The same for rows that are scored already."""
        answer = self.decide(scored)
        return pd.DataFrame(
            {
                "enterprise_id": scored["enterprise_id"],
                "bank": answer["bank"].to_numpy(),
                "limit_cny": answer["limit_cny"].to_numpy(np.float64),
                "pd_12m": scored["pd_12m"].to_numpy(np.float64),
            },
            index=scored.index,
        )


@dataclass(frozen=True)
class NextLevel:
    """The next level of a limit: more by this share of it, and by at least so many CNY.

    Where there is no limit, any limit counts. At most `max_actions` actions are named an
    enterprise."""

    share: float
    min_cny: float
    max_actions: int = 2

    def is_reached(self, now_cny: Floats, then_cny: Floats) -> Flags:
        """Flag limits that are at least the next level."""
        wanted = now_cny + np.maximum(self.share * now_cny, self.min_cny)
        return np.where(now_cny > 0, then_cny >= wanted, then_cny > 0)


def find_recourse(
    scored: pd.DataFrame,
    causes: pd.DataFrame,
    recommender: Recommender,
    *,
    next_level: NextLevel,
    actions: Sequence[Action] = ACTIONS,
) -> pd.DataFrame:
    """Find each enterprise's smallest steps that reach the next level, the least effort first.

    `scored` hold enterprise_id, as_of and all features that were computed, one row an
    enterprise; `causes` (see `find_causes`) what holds each one's limit now. A row an enterprise
    and action: rank (from 1), action, step and effort, bank and limit now and then, PD now and
    then, cause, and a sentence in two languages; where nothing raises the limit one row with
    rank 0, action "" and the cause in words. `DataError` for a repeated enterprise.
    """
    _refuse_repeated(scored)
    features = scored.sort_values("enterprise_id", ignore_index=True)
    now = _current_limits(features, causes, recommender)
    found = [_smallest_steps(features, now, action, recommender, next_level) for action in actions]
    ranked = _rank_actions(pd.concat(found, ignore_index=True), next_level.max_actions)
    silent = now.loc[~now["enterprise_id"].isin(ranked["enterprise_id"]), NOW]
    ranked = ranked.merge(causes[CAUSE], on="enterprise_id", how="left", validate="m:1")
    silent = silent.merge(causes[CAUSE], on="enterprise_id", how="left", validate="1:1")
    rows = pd.concat(
        [write_sentences(ranked, features), write_without_recourse(silent)], ignore_index=True
    )
    rows = rows.sort_values(["enterprise_id", "rank"], kind="stable", ignore_index=True)
    return rows[list(COLUMNS)].astype({"rank": "int64", **dict.fromkeys(TEXTS, "str")})


def find_causes(recommendations: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Find what binds each enterprise's limit now: its offer's constraint, else its refusals.

    From rows enterprise_id, bank, decision, limit_cny, binding_constraint, refusals,
    refusal_text_en, refusal_text_zh. One row an enterprise: enterprise_id, bank and limit_cny (as
    recommended; "" and 0 without an offer), cause (codes), cause_en, cause_zh ("" where the code
    says it all), lasting (a record that paying cannot undo is among the refusals).
    """
    near = {code: place for place, code in enumerate(NEAREST)}
    offered = recommendations.assign(
        offer=recommendations["decision"] == "offer",
        place=recommendations["binding_constraint"].map(near).fillna(len(near)),
    )
    order = ["enterprise_id", "offer", "place", "bank"]
    first = offered.sort_values(order, ascending=[True, False, True, True])
    first = first.drop_duplicates("enterprise_id")
    refused = (first["refusals"] != "") & ~first["offer"]
    lasting = {rule.name for rule in policy.eligibility if rule.feature in RECORDS}
    codes = first["refusals"].astype("str").str.split(SEPARATOR, regex=False)
    return pd.DataFrame(
        {
            "enterprise_id": first["enterprise_id"].to_numpy(),
            "bank": first["bank"].where(first["offer"], "").to_numpy(),
            "limit_cny": first["limit_cny"].where(first["offer"], 0.0).to_numpy(np.float64),
            "cause": first["refusals"].where(refused, first["binding_constraint"]).to_numpy(),
            "cause_en": first["refusal_text_en"].where(~first["offer"], "").to_numpy(),
            "cause_zh": first["refusal_text_zh"].where(~first["offer"], "").to_numpy(),
            "lasting": [bool(lasting & set(named)) for named in codes],
        }
    )


def _refuse_repeated(scored: pd.DataFrame) -> None:
    twice = scored["enterprise_id"][scored["enterprise_id"].duplicated()]
    if len(twice):
        raise DataError(
            f"scored.enterprise_id: {len(twice)} of {len(scored)} rows repeat an id "
            f"(first: {twice.iloc[0]}). Give one row an enterprise."
        )


def _current_limits(
    features: pd.DataFrame, causes: pd.DataFrame, recommender: Recommender
) -> pd.DataFrame:
    """The limits as recommended, and `base_cny`, above which a limit is a higher one.

    At the prices an enterprise may do better by itself than in the book, where whole lines must
    fit: what it gets without any change is not a action's doing.
    """
    without = features["enterprise_id"][~features["enterprise_id"].isin(causes["enterprise_id"])]
    if len(without):
        raise DataError(
            f"causes.enterprise_id: {len(without)} of {len(features)} candidates have none "
            f"(first: {without.iloc[0]}). Give the recommendations of the same candidates."
        )
    alone = recommender.limits(features)
    stated = causes.set_index("enterprise_id").loc[features["enterprise_id"]]
    limit = stated["limit_cny"].to_numpy(np.float64)
    return alone.assign(
        bank=stated["bank"].to_numpy(),
        limit_cny=limit,
        base_cny=np.maximum(limit, alone["limit_cny"].to_numpy(np.float64)),
    )


def _smallest_steps(
    features: pd.DataFrame,
    now: pd.DataFrame,
    action: Action,
    recommender: Recommender,
    next_level: NextLevel,
) -> pd.DataFrame:
    """Find the action's smallest step that reaches the next level, for those that any step lifts.

    A step scores only the rows that it moves and that no smaller one has lifted."""
    waiting = features
    found = [now.iloc[:0].assign(action="", step=0.0, effort=0.0, bank_then="", limit_then_cny=0.0,
                                 pd_then_12m=0.0)]  # fmt: skip
    for step in action.steps:
        after = apply_action(waiting, action, step.size)
        asked = changed_rows(waiting, after)
        if not asked.any():
            continue
        then = recommender.limits(waiting.assign(**after)[asked])
        before = now.loc[then.index]
        lifts = next_level.is_reached(
            before["base_cny"].to_numpy(np.float64), then["limit_cny"].to_numpy(np.float64)
        )
        found.append(
            before.assign(
                action=action.name,
                step=step.size,
                effort=step.effort,
                bank_then=then["bank"],
                limit_then_cny=then["limit_cny"],
                pd_then_12m=then["pd_12m"],
            )[lifts]
        )
        waiting = waiting.drop(index=then.index[lifts])
    return pd.concat(found, ignore_index=True)


def _rank_actions(found: pd.DataFrame, max_actions: int) -> pd.DataFrame:
    """The first few of each enterprise by effort; equal efforts by the larger limit, then name."""
    ordered = found.sort_values(
        ["enterprise_id", "effort", "limit_then_cny", "action"],
        ascending=[True, True, False, True],
        kind="stable",
        ignore_index=True,
    )
    ordered = ordered.assign(rank=ordered.groupby("enterprise_id").cumcount() + 1)
    return ordered[ordered["rank"] <= max_actions].reset_index(drop=True)
