"""Eligibility: every rule of the terms checked for every enterprise."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.limits.feature_values import feature_values
from riskmodel.limits.policy import Policy, Rule

MET, BROKEN, NOT_SHOWN = 0, 1, 2
SEPARATOR = "; "
AGREEMENTS = "banks_signed"
"""The feature that counts the agreements in force."""
CANNOT_EN = "{} (cannot be shown from the data)"
CANNOT_ZH = "{}（数据无法证明）"


def check_eligibility(scored: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Check all rules for each enterprise, and name every rule that it fails.

    One row an enterprise, in the order of `scored`: enterprise_id, eligible, refusals (rule names
    joined by "; ", in the policy's order), refusal_text_en, refusal_text_zh.

    >>> from riskmodel.limits.policy import Policy, Rule
    >>> deals = Rule(name="too_few_deals", feature="deals_6m", min_value=3, missing="refuse",
    ...              en="Fewer than three deals", zh="少于三笔", source="fictional")
    >>> scored = pd.DataFrame({"enterprise_id": ["E1", "E2"], "deals_6m": [5.0, 2.0]})
    >>> checked = check_eligibility(scored, Policy.model_construct(eligibility=(deals,)))
    >>> checked[["enterprise_id", "eligible", "refusals"]].values.tolist()
    [['E1', True, ''], ['E2', False, 'too_few_deals']]
    """
    states = _states(scored, policy)
    names = tuple(rule.name for rule in policy.eligibility)
    return pd.DataFrame(
        {
            "enterprise_id": scored["enterprise_id"].to_numpy(),
            "eligible": (states == MET).all(axis=1),
            "refusals": _join_words(states, names, names),
            "refusal_text_en": _join_words(
                states,
                tuple(rule.en for rule in policy.eligibility),
                tuple(CANNOT_EN.format(rule.en) for rule in policy.eligibility),
            ),
            "refusal_text_zh": _join_words(
                states,
                tuple(rule.zh for rule in policy.eligibility),
                tuple(CANNOT_ZH.format(rule.zh) for rule in policy.eligibility),
            ),
        }
    )


def flag_eligible(rows: pd.DataFrame, policy: Policy) -> pd.Series:
    """Flag the rows of enterprises that may be lent to, by what their features show.

    Every rule is met, and an agreement is in force where the policy requires one. What no column
    tells is not asked: a source without the table cannot tell its rows apart by it.
    """
    rules = tuple(rule for rule in policy.eligibility if rule.feature in rows)
    met = (_states(rows, policy.model_copy(update={"eligibility": rules})) == MET).all(axis=1)
    found = pd.Series(met, index=rows.index)
    if policy.agreement.required and AGREEMENTS in rows:
        found &= rows[AGREEMENTS].fillna(0) >= 1
    return found


def funnel(scored: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Count the enterprises that each rule tested, could not see, refused, and refused alone.

    One row a rule: rule, tested, missing (no value of the feature, however the rule takes that),
    failed, failed_alone (no other rule refused them), left (after this rule and those above it).
    """
    states = _states(scored, policy)
    failed = states != MET
    alone = failed & (failed.sum(axis=1, keepdims=True) == 1)
    left = np.logical_and.accumulate(~failed, axis=1)
    return pd.DataFrame(
        {
            "rule": [rule.name for rule in policy.eligibility],
            "tested": len(scored),
            "missing": [
                feature_values(scored, rule.feature).isna().sum() for rule in policy.eligibility
            ],
            "failed": failed.sum(axis=0),
            "failed_alone": alone.sum(axis=0),
            "left": left.sum(axis=0),
        }
    )


def _states(scored: pd.DataFrame, policy: Policy) -> NDArray[np.int64]:
    """Enterprises x rules: met, broken, or refused because it cannot be shown."""
    columns = [_state(feature_values(scored, rule.feature), rule) for rule in policy.eligibility]
    empty = np.empty((len(scored), 0), dtype=np.int64)
    return np.column_stack(columns) if columns else empty


def _state(values: pd.Series, rule: Rule) -> NDArray[np.int64]:
    met = values >= rule.min_value if rule.min_value is not None else values <= rule.max_value
    silent = NOT_SHOWN if rule.missing == "refuse" else MET
    return np.where(values.isna(), silent, np.where(met, MET, BROKEN)).astype(np.int64)


def _join_words(
    states: NDArray[np.int64], broken: tuple[str, ...], not_shown: tuple[str, ...]
) -> NDArray[np.object_]:
    """Each enterprise's words for the rules that it fails.

    Patterns of failure are few, so each is put into words once.
    """
    if not len(states):
        return np.empty(0, dtype=object)
    patterns, which = np.unique(states, axis=0, return_inverse=True)
    words = {BROKEN: broken, NOT_SHOWN: not_shown}
    texts = [
        SEPARATOR.join(words[state][rule] for rule, state in enumerate(pattern) if state != MET)
        for pattern in patterns.tolist()
    ]
    return np.asarray(texts, dtype=object)[which.reshape(-1)]
