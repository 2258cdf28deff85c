"""Actions that an enterprise can take by itself, and their effects on features; data.

An action moves every feature that what is done would move, so that a changed row is one that could
be: exports of every window rise together, receipts and purchases follow, shares stay. Features that
are expressions over others are worked out again. A feature that is not named here does not move; a
feature that a source lacks is left out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.features.catalogue import DEFINITIONS, definitions_by_name, with_operands
from riskmodel.features.spec import Expression

Floats = NDArray[np.float64]
EVEN_BUYERS = 5
"""A business that spreads its sales has at least so many buyers; proposal."""


def grows(value: Floats, size: float, _: Floats) -> Floats:
    """By the step's share."""
    return value * (1 + size)


def grows_whole(value: Floats, size: float, _: Floats) -> Floats:
    """By the step's share, in whole pieces: half a deal is none. The nudge is for rounding."""
    return np.floor(value * (1 + size) + 1e-9)


def grows_by_size(value: Floats, size: float, deals: Floats) -> Floats:
    """The mean of a total that grows by the share over deals that grow in whole pieces."""
    more = np.maximum(grows_whole(deals, size, deals), 1.0)
    return np.where(deals > 0, value * (1 + size) * deals / more, value)


def gains(value: Floats, size: float, added: Floats) -> Floats:
    """By that share of another amount."""
    return value + size * added


def loses(value: Floats, size: float, taken: Floats) -> Floats:
    """By that share of another amount, as far as there is any."""
    return np.maximum(value - size * np.maximum(taken, 0.0), np.minimum(value, 0.0))


def nears_zero(value: Floats, size: float, _: Floats) -> Floats:
    """That share of the way down to 0; what is not above it stays."""
    return value - size * np.maximum(value, 0.0)


def outgrows(value: Floats, size: float, _: Floats) -> Floats:
    """A growth, 2 (now - then) / (now + then), of which only `now` grows by the share."""
    now, then = (2 + value) * (1 + size), 2 - value
    return 2 * (now - then) / (now + then)


def evens_share(value: Floats, size: float, buyers: Floats) -> Floats:
    """The largest share, once that share of sales is spread evenly over all buyers."""
    return np.where(buyers > 0, (1 - size) * value + size / _spread_over(buyers), value)


def evens_index(value: Floats, size: float, buyers: Floats) -> Floats:
    """The sum of squared shares p after p -> (1 - s) p + s / m: 1/m + (1 - s)^2 (H - 1/m)."""
    even = 1 / _spread_over(buyers)
    return np.where(buyers > 0, even + (1 - size) ** 2 * (value - even), value)


def evens_new_share(value: Floats, size: float, buyers: Floats) -> Floats:
    """New buyers' share after the same: those that join are new, the others as new as before."""
    over = _spread_over(buyers)
    new = (value * buyers + over - buyers) / over
    return np.where(buyers > 0, (1 - size) * value + size * new, value)


def gains_buyers(value: Floats, _: float, __: Floats) -> Floats:
    """The number of buyers, once there are enough to spread over."""
    return np.where(value > 0, _spread_over(value), value)


def becomes(value: Floats, size: float, other: Floats) -> Floats:
    """That share of the way up to another feature."""
    return value + size * np.maximum(other - value, 0.0)


def _spread_over(buyers: Floats) -> Floats:
    return np.maximum(buyers, EVEN_BUYERS)


Rule = Callable[[Floats, float, Floats], Floats]
"""From a feature's values, the step's size and the product of the features that it reads."""


@dataclass(frozen=True)
class FeatureEffect:
    """Effect on one feature: the rule, and the features whose product, before the step, it reads.

    A missing value among `by` counts as nothing; the move is left out where a column is absent.
    """

    feature: str
    rule: Rule
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """A level: its size (a share, of what the action says) and the effort that it stands for.

    Efforts compare actions: 1 is a business of twice the exports. They are proposals.
    """

    size: float
    effort: float


@dataclass(frozen=True)
class Action:
    """Steps that rise, and the features that they move.

    Expressions over moved features follow, but for those that are `fixed`.
    """

    name: str
    steps: tuple[Step, ...]
    moves: tuple[FeatureEffect, ...]
    fixed: frozenset[str] = frozenset()


def _all(rule: Rule, features: str, *by: str) -> tuple[FeatureEffect, ...]:
    return tuple(FeatureEffect(feature, rule, by) for feature in features.split())


DECLARED = (
    *_all(grows, "exports_usd_1m exports_usd_3m exports_usd_6m exports_usd_12m"),
    *_all(grows, "exports_cny_12m exports_platform_usd_12m largest_deal_usd_12m returned_usd_12m"),
    *_all(grows_whole, "deals_6m deals_12m"),
    *_all(grows_by_size, "deal_usd_mean_3m deal_usd_mean_12m", "deals_12m"),
    *_all(gains, "exports_usd_all", "exports_usd_12m"),
    *_all(outgrows, "exports_growth_on_year_3m exports_growth_on_lunar_year_3m"),
)
"""A year's exports grow evenly: growth within the year, season, buyers and goods stay."""

FOLLOWING = (
    *_all(grows, "receipts_usd_3m receipts_usd_6m receipts_usd_12m"),
    *_all(grows, "unpaid_usd_6m unpaid_180d_usd_24m"),
    *_all(
        grows,
        "purchases_cny_3m purchases_cny_6m purchases_cny_12m purchase_tax_cny_12m refunds_cny_12m",
    ),
    *_all(grows, "inflow_cny_3m inflow_cny_6m outflow_cny_6m"),
)
"""Features that follow exports at the same terms, margin and habits of payment."""

EXPORTS = Action(
    "exports",
    tuple(Step(x, x) for x in (0.05, 0.10, 0.20, 0.30, 0.50, 0.75, 1.0, 1.5, 2.0)),
    (*DECLARED, *FOLLOWING),
)
PLATFORM = Action(
    # The ratio is higher for what goes through the platform; nothing else about it changes.
    "platform",
    (Step(0.25, 0.05), Step(0.5, 0.10), Step(1.0, 0.20)),
    _all(becomes, "exports_platform_usd_12m", "exports_usd_12m"),
)
RECEIPTS = Action(
    # Towards buyers that all pay by the terms. What other exporters' buyers do is not in reach.
    "receipts",
    (Step(0.25, 0.15), Step(0.5, 0.30), Step(1.0, 0.60)),
    (
        *_all(nears_zero, "days_late_12m late_share_12m unpaid_90d_share_12m unpaid_180d_usd_24m"),
        *_all(nears_zero, "never_paid_deals_share_9m"),
        *_all(loses, "days_to_cash_12m receipt_delay_days_3m", "days_late_12m"),
        *_all(loses, "receipt_delay_days_12m", "days_late_12m"),
        *_all(gains, "receipts_usd_12m", "unpaid_90d_share_12m", "exports_usd_12m"),
    ),
)
ARREARS = Action(
    # Paid out of deposits, now. Past months stand as they are: see RECORDS.
    "arrears",
    (Step(1.0, 0.10),),
    (
        *_all(nears_zero, "days_past_due_now overdue_cny"),
        *_all(gains, "paid_cny_now paid_cny_3m paid_cny_6m paid_on_debt_cny_6m", "overdue_cny"),
        *_all(loses, "loans_cny deposits_cny", "overdue_cny"),
    ),
)
CONCENTRATION = Action(
    # That share of sales spread evenly over all buyers, which are at least EVEN_BUYERS.
    "concentration",
    (Step(0.1, 0.15), Step(0.25, 0.35), Step(0.5, 0.70)),
    (
        *_all(evens_share, "top_buyer_share_12m", "buyers_12m"),
        *_all(evens_index, "buyer_herfindahl_12m", "buyers_12m"),
        *_all(evens_new_share, "new_buyer_share_12m", "buyers_12m"),
        *_all(gains_buyers, "buyers_12m"),
    ),
)
ACTIONS = (EXPORTS, PLATFORM, RECEIPTS, ARREARS, CONCENTRATION)

RECORDS = frozenset(
    "days_past_due_2m days_past_due_3m days_past_due_6m days_past_due_12m days_past_due_24m "
    "mean_days_past_due_6m overdue_months_3m overdue_months_6m overdue_months_12m "
    "months_since_arrears watched_records_12m watched_debt_share adverse_records_24m "
    "line_days_past_due_6m line_days_past_due_12m line_days_past_due_24m line_overdue_months_12m "
    "line_written_off_cny".split()
)
"""Features of what has happened: paying does not change them, only time does."""


def apply_action(features: pd.DataFrame, action: Action, size: float) -> dict[str, Floats]:
    """The features that one step of the action moves, with their values after it, a value a row.

    Each move reads the rows as they were before the step; expressions over moved features follow.
    """
    after: dict[str, Floats] = {}
    for move in action.moves:
        if {move.feature, *move.by} <= set(features.columns):
            value = _values(features, move.feature)
            read = [np.nan_to_num(_values(features, feature), nan=0.0) for feature in move.by]
            product = np.prod(np.stack([np.ones(len(value)), *read]), axis=0)
            after[move.feature] = move.rule(value, size, product)
    for name, expression in EXPRESSIONS.items():
        parts = expression.operands
        known = name in features.columns and set(parts) <= set(features.columns)
        if known and name not in action.fixed and any(part in after for part in parts):
            new = evaluate_expression(
                expression, [after.get(p, _values(features, p)) for p in parts]
            )
            # Where no part moves the value as given stays: it may be kept in single precision.
            moves = changed_rows(features, {part: after[part] for part in parts if part in after})
            after[name] = np.where(moves, new, _values(features, name))
    return after


def changed_rows(features: pd.DataFrame, after: Mapping[str, Floats]) -> NDArray[np.bool_]:
    """The rows in which any of these features differs from its value now; missing equals missing."""
    differs = np.zeros(len(features), dtype=np.bool_)
    for name, value in after.items():
        now = _values(features, name)
        differs |= (now != value) & ~(np.isnan(now) & np.isnan(value))
    return differs


def evaluate_expression(expression: Expression, parts: list[Floats]) -> Floats:
    """An expression over features, as the features' engine reads it; a test holds the two together."""
    if_undefined = np.nan if expression.if_undefined is None else expression.if_undefined
    if expression.kind == "ratio":
        upper, lower = parts
        useful = np.isfinite(lower) & (lower != 0)
        quotient: Floats = np.divide(
            upper, lower, out=np.full(len(upper), if_undefined), where=useful
        )
        return quotient
    if expression.kind == "log":
        known = parts[0] > 0
        return np.log(parts[0], out=np.full(len(parts[0]), if_undefined), where=known)
    if expression.kind == "difference":
        return np.asarray(parts[0] - parts[1])
    joined = np.prod if expression.kind == "product" else np.sum
    all_parts: Floats = joined(np.stack(parts), axis=0)
    return all_parts


def _values(features: pd.DataFrame, feature: str) -> Floats:
    values: Floats = features[feature].to_numpy(np.float64, na_value=np.nan)
    return values


EXPRESSIONS: Mapping[str, Expression] = MappingProxyType(
    {
        feature.name: feature.value
        for feature in with_operands(DEFINITIONS, definitions_by_name())
        if isinstance(feature.value, Expression)
    }
)
"""The features that are expressions over others, parts first."""
