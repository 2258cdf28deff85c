"""The programme's terms and the banks' rows, as frozen settings."""

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from riskmodel.errors import SettingsError
from riskmodel.features.catalogue import definitions_by_name
from riskmodel.settings import MAX_COUNT, MAX_FLOAT, Frozen, Share, freeze_lists, validate_settings
from riskmodel.settings.retired import BANKS, POLICY
from riskmodel.tables.codes import BANK_NAME

Positive = Annotated[float, Field(gt=0, le=MAX_FLOAT)]
Money = Annotated[float, Field(ge=0, le=MAX_FLOAT)]
Figure = Annotated[float, Field(ge=-MAX_FLOAT, le=MAX_FLOAT)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Words = Annotated[str, Field(min_length=1)]
AGREEMENT, LEFT_OUT = "agreement", "bank_left_out"
ATTRIBUTE = "attribute_"
AS_ITS_PARTS = "as its parts"
"""The dictionary's window of a feature made from others: it has none of its own."""


class Rule(Frozen):
    """One term of eligibility: a feature and the least or the greatest value that passes.

    `window` is the time that the feature looks back on, in the dictionary's words, so that the
    terms can be read alone; `policy_from` compares it with the feature's own. `missing` is the
    verdict where the feature has no value, for one enterprise or for the whole source: "refuse"
    (it cannot be shown that the term is met) or "pass" (nothing speaks against).
    """

    name: Name
    feature: str
    window: str = ""
    min_value: Figure | None = None
    max_value: Figure | None = None
    missing: Literal["refuse", "pass"]
    en: Words
    zh: Words
    source: Words

    @model_validator(mode="after")
    def _one_threshold(self) -> Self:
        if (self.min_value is None) == (self.max_value is None):
            raise ValueError("give exactly one of min_value and max_value")
        return self


class Agreement(Frozen):
    """The three-party agreement: required or not, and the words of a refusal."""

    required: bool
    en: Words
    zh: Words
    source: Words


class Caps(Frozen):
    """Bounds of a limit, the ratios of limit to exports, and the step of rounding.

    CNY; the three features name the windows of ratio and need; the ratios are CNY of limit per USD
    of exports, through the platform and past it. A line below `min_limit_cny` is not opened.
    """

    exports_feature: str
    platform_feature: str
    sales_feature: str
    ratio_on_platform: Positive
    ratio_off_platform: Positive
    max_limit_cny: Positive
    min_limit_cny: Positive
    rounding_cny: Positive
    cny_per_usd_if_missing: Positive


class Need(Frozen):
    """The working-capital need: days of the cash cycle, and bands for costs and growth.

    Shares of yearly sales and relative growth; `_if_missing` values replace missing features.
    """

    cycle_days: Positive
    min_cost_share: Share
    max_cost_share: Share
    cost_share_if_missing: Share
    min_growth: Annotated[float, Field(gt=-1, le=MAX_FLOAT)]
    max_growth: Figure
    growth_if_missing: Figure

    @model_validator(mode="after")
    def _bands_rise(self) -> Self:
        if self.min_cost_share > self.max_cost_share or self.min_growth > self.max_growth:
            raise ValueError("a band's minimum is above its maximum")
        return self


class Economics(Frozen):
    """Costs of a line, its utilisation, and the response of the PD to its size.

    Shares, and CNY a line. `utilisation` and `pd_slope` (with `pd_centre`) are assumptions that
    past lines replace. `credit_conversion_factor` is the part of the undrawn limit drawn by default.
    The subsidy is paid for a year's USD exported through the platform and charged to the line.
    """

    lgd: Share
    credit_conversion_factor: Share
    utilisation: Annotated[float, Field(gt=0, le=1)]
    capital_ratio: Share
    opening_cost_cny: Money
    subsidy_cny_per_usd: Money = 0.0
    pd_slope: Figure
    pd_centre: Money

    @property
    def exposure_at_default(self) -> float:
        """Share of the limit that is owed at default."""
        return self.utilisation + self.credit_conversion_factor * (1 - self.utilisation)


class BehaviourPriors(Frozen):
    """Priors of the behaviour of past lines, and the quantile that the allocation uses.

    `pd_slope_sd` is the standard deviation of `economics.pd_slope` as a guess; `transfer_sd` how
    far the response of being `early_days_past_due` may lie from that of default;
    `heterogeneity_sd` how much enterprises differ; `utilisation_prior_lines` the number of lines
    that the assumed utilisation counts for; `response_quantile` the upper end of the response.
    """

    pd_slope_sd: Positive = 0.3
    transfer_sd: Positive = 0.25
    heterogeneity_sd: Money = 0.4
    utilisation_prior_lines: Positive = 10.0
    response_quantile: Annotated[float, Field(ge=0.5, lt=1)] = 0.8
    early_days_past_due: Annotated[int, Field(ge=1, le=MAX_COUNT)] = 1


class Capital(Frozen):
    """Parameters of the Basel formula for corporates with the small-firm correction."""

    lgd: Share
    maturity_years: Positive
    sales_million_eur: Annotated[float, Field(ge=5, le=50)]
    min_pd: Annotated[float, Field(gt=0, lt=1)]


class Segment(Frozen):
    """One segment of a churn curve, up to a cumulative share of the enterprises ranked by PD."""

    name: Words
    cumulative_share: Share


class Pricing(Frozen):
    """Terms of the yearly rate inside a bank's band.

    Without a churn curve: reference rate + `pass_through` x the expected loss, over the drawn amount,
    above that of `reference_pd`. With one: the curve's rate of the largest expected profit.
    """

    max_all_in_rate: Share
    pass_through: Share
    reference_pd: Share
    churn_file: str
    segments: tuple[Segment, ...]

    @model_validator(mode="after")
    def _segments_cover(self) -> Self:
        shares = [segment.cumulative_share for segment in self.segments]
        if shares != sorted(set(shares)) or (shares and shares[-1] != 1):
            raise ValueError("segments' cumulative_share must rise and end at 1")
        if bool(self.churn_file) != bool(self.segments):
            raise ValueError("churn_file and segments are given together or not at all")
        return self


class Policy(Frozen):
    """Terms of the programme: eligibility, caps, economics and pricing of a line.

    `name` is the programme's: a model is fitted for it and used for no other. Without one the
    policy goes by its file's name.
    """

    name: Annotated[str, Field(pattern=r"^([a-z][a-z0-9_-]{0,63})?$")] = ""
    eligibility: tuple[Rule, ...]
    agreement: Agreement
    caps: Caps
    need: Need
    economics: Economics
    capital: Capital
    pricing: Pricing
    behaviour: BehaviourPriors = BehaviourPriors()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [rule.name for rule in self.eligibility]
        if len({*names, AGREEMENT, LEFT_OUT}) != len(names) + 2:
            raise ValueError("eligibility: each rule needs a name of its own")
        return self

    @property
    def features(self) -> tuple[str, ...]:
        """Features that rules, caps, need and constraints read, each once."""
        named = [rule.feature for rule in self.eligibility]
        caps = (self.caps.exports_feature, self.caps.platform_feature, self.caps.sales_feature)
        return tuple(dict.fromkeys([*named, *caps, *NEED_FEATURES, *CONSTRAINT_FEATURES]))


NEED_FEATURES = ("purchases_to_sales_12m", "exports_growth_6m", "debt_cny")
"""Features of the need beside yearly sales: cost share, growth, existing working-capital loans."""


SECTOR, DESTINATION = "sector", "main_destination_12m"
CONSTRAINT_FEATURES = (SECTOR, DESTINATION)
"""Features of the concentration constraints."""


class Bank(Frozen):
    """One bank: its cost of money, its band of rates, and its appetite.

    Yearly fractions and CNY; `max_expected_loss_share` is a share of the budget, `budget_cny` a
    sum of limits. No sector may take more of the budget than `max_sector_share`, or than its own
    entry in `max_sector_shares`; 1 sets no constraint.
    """

    name: Annotated[str, Field(pattern=f"^{BANK_NAME}$")]
    funding_rate: Share
    capital_cost: Share
    min_rate: Share
    reference_rate: Share
    max_rate: Share
    budget_cny: Money
    max_expected_loss_share: Share
    max_limit_cny: Money
    max_pd: Share
    max_sector_share: Share = 1.0
    max_sector_shares: Mapping[str, Share] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _band_holds_reference(self) -> Self:
        if not self.min_rate <= self.reference_rate <= self.max_rate:
            raise ValueError("min_rate <= reference_rate <= max_rate does not hold")
        return self

    @property
    def loss_cap_cny(self) -> float:
        """The largest expected loss of the bank's book."""
        return self.max_expected_loss_share * self.budget_cny

    def sector_cap_cny(self, sector: str) -> float:
        """The largest sum of limits in a sector; infinite where there sets no constraint."""
        share = self.max_sector_shares.get(sector, self.max_sector_share)
        return share * self.budget_cny if share < 1 else math.inf


class Destinations(Frozen):
    """The largest share of all budgets that may rest on exports to one destination; 1: any."""

    max_share: Share = 1.0
    max_shares: Mapping[str, Share] = Field(default_factory=dict)

    def share(self, destination: str) -> float:
        """The share that one destination may take."""
        return self.max_shares.get(destination, self.max_share)


class Banks(Frozen):
    """The banks of the programme."""

    bank: Annotated[tuple[Bank, ...], Field(min_length=1)]
    destinations: Destinations = Destinations()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        if len(set(self.names)) != len(self.names):
            raise ValueError("each bank needs a name of its own")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The banks' names, in the file's order."""
        return tuple(bank.name for bank in self.bank)

    def destination_cap_cny(self, destination: str) -> float:
        """The largest sum of limits on exports to a destination; infinite where none is set."""
        share = self.destinations.share(destination)
        return share * sum(bank.budget_cny for bank in self.bank) if share < 1 else math.inf


def policy_from(values: Mapping[str, Any], where: str) -> Policy:
    """Return the policy from TOML values; `SettingsError` for unknown keys, features, bad values."""
    policy = validate_settings(Policy, freeze_lists(values), where, renamed=POLICY)
    faults = [*_unknown_features(policy, where), *_other_windows(policy.eligibility, where)]
    if faults:
        raise SettingsError(*faults)
    return policy


def banks_from(values: Mapping[str, Any], where: str) -> Banks:
    """Return the banks from TOML values; `SettingsError` for unknown keys, bad or repeated names."""
    return validate_settings(Banks, freeze_lists(values), where, renamed=BANKS)


def features_by_key(policy: Policy) -> dict[str, str]:
    """Return the feature that each key of the policy names, by key."""
    rules = {f"eligibility.{rule.name}.feature": rule.feature for rule in policy.eligibility}
    keys = ("exports_feature", "platform_feature", "sales_feature")
    caps = {f"caps.{key}": getattr(policy.caps, key) for key in keys}
    return rules | caps


def _unknown_features(policy: Policy, where: str) -> Iterator[str]:
    known = definitions_by_name()
    for key, name in features_by_key(policy).items():
        if name not in known and not name.startswith(ATTRIBUTE):
            (near,) = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            yield f"{where}: {key}: no feature is called '{name}'. The nearest known one is '{near}'."


def _other_windows(rules: Iterable[Rule], where: str) -> Iterator[str]:
    known = definitions_by_name()
    for rule in rules:
        window = known[rule.feature].window if rule.feature in known else AS_ITS_PARTS
        if rule.window and window not in (rule.window, AS_ITS_PARTS):
            yield (
                f"{where}: eligibility.{rule.name}.window: '{rule.feature}' looks at {window}. Fix the"
                " window, or name the feature of the window that is meant."
            )
