"""The programme's terms and the banks' rows, as frozen settings."""

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from riskmodel.errors import SettingsError
from riskmodel.features.catalogue import by_name
from riskmodel.settings import MOST_COUNT, MOST_FLOAT, Frozen, Share, checked, freeze_lists
from riskmodel.tables.codes import BANK_NAME

Positive = Annotated[float, Field(gt=0, le=MOST_FLOAT)]
Money = Annotated[float, Field(ge=0, le=MOST_FLOAT)]
Figure = Annotated[float, Field(ge=-MOST_FLOAT, le=MOST_FLOAT)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Words = Annotated[str, Field(min_length=1)]
AGREEMENT, LEFT_OUT = "agreement", "bank_left_out"
ATTRIBUTE = "attribute_"
AS_ITS_PARTS = "as its parts"
"""What the dictionary says of a card that is made from others: it has no window of its own."""


class Rule(Frozen):
    """One term of eligibility: a card held against a threshold.

    `window` is the time that the card looks back on, in the words of the dictionary, so that the
    terms can be read without the cards; `policy_from` holds it against a card that states one.
    `missing` says what it means that the card has no value, for one enterprise or for the whole
    source: "refuse" (it cannot be shown that the term is met) or "pass" (nothing speaks against).
    """

    name: Name
    card: str
    window: str = ""
    at_least: Figure | None = None
    at_most: Figure | None = None
    missing: Literal["refuse", "pass"]
    en: Words
    zh: Words
    source: Words

    @model_validator(mode="after")
    def _one_threshold(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give exactly one of at_least and at_most")
        return self


class Agreement(Frozen):
    """Whether enterprise and bank must have signed, and how a refusal reads."""

    required: bool
    en: Words
    zh: Words
    source: Words


class Caps(Frozen):
    """What a limit is never above, the smallest line worth opening, and the step of rounding.

    CNY; the three cards name the windows on which ratio and need look; rates are CNY per USD.
    """

    exports_card: str
    platform_card: str
    sales_card: str
    on_platform: Positive
    off_platform: Positive
    ceiling_cny: Positive
    floor_cny: Positive
    rounding_cny: Positive
    cny_per_usd_if_missing: Positive


class Need(Frozen):
    """The working-capital need: days of the cash cycle, and bands for costs and growth.

    Shares of yearly sales and relative growth; the `_if_missing` values stand where no card does.
    """

    cycle_days: Positive
    cost_low: Share
    cost_high: Share
    cost_if_missing: Share
    growth_low: Annotated[float, Field(gt=-1, le=MOST_FLOAT)]
    growth_high: Figure
    growth_if_missing: Figure

    @model_validator(mode="after")
    def _bands_rise(self) -> Self:
        if self.cost_low > self.cost_high or self.growth_low > self.growth_high:
            raise ValueError("a band's low end is above its high end")
        return self


class Economics(Frozen):
    """What a line costs and how its use answers to its size; shares, and CNY a line.

    `drawn_share` and `pd_slope` (with `pd_centre`) stand where past lines teach nothing better.
    The subsidy is paid for a year's USD exported through the platform and charged to the line.
    """

    lgd: Share
    credit_conversion: Share
    drawn_share: Annotated[float, Field(gt=0, le=1)]
    capital_ratio: Share
    opening_cost_cny: Money
    subsidy_cny_per_usd: Money = 0.0
    pd_slope: Figure
    pd_centre: Money

    @property
    def exposure_at_default(self) -> float:
        """Share of the limit that is owed when default comes."""
        return self.drawn_share + self.credit_conversion * (1 - self.drawn_share)


class Learning(Frozen):
    """What is believed before past lines are looked at, and how cautiously they are read.

    `slope_sd` is that of `economics.pd_slope` as a guess; `transfer_sd` how far the response of
    being `early_days` past due may lie from that of default; `spread` how much enterprises differ;
    `stated_lines` for how many lines the stated drawing counts; `cautious_quantile` where the
    response's upper end lies.
    """

    slope_sd: Positive = 0.3
    transfer_sd: Positive = 0.25
    spread: Money = 0.4
    stated_lines: Positive = 10.0
    cautious_quantile: Annotated[float, Field(ge=0.5, lt=1)] = 0.8
    early_days: Annotated[int, Field(ge=1, le=MOST_COUNT)] = 1


class Capital(Frozen):
    """The parameters of the Basel formula for corporates with the small-firm correction."""

    lgd: Share
    maturity_years: Positive
    sales_million_eur: Annotated[float, Field(ge=5, le=50)]
    least_pd: Annotated[float, Field(gt=0, lt=1)]


class Segment(Frozen):
    """One segment of a churn curve: the riskiest share of the ranked enterprises that it takes."""

    name: Words
    up_to_share: Share


class Price(Frozen):
    """How the yearly rate is set inside a bank's band.

    Without a churn curve: base rate + `pass_through` x the expected loss, over the drawn amount,
    above that of `typical_pd`. With one: the curve's rate of the largest expected profit.
    """

    max_all_in: Share
    pass_through: Share
    typical_pd: Share
    churn_file: str
    segments: tuple[Segment, ...]

    @model_validator(mode="after")
    def _segments_cover(self) -> Self:
        shares = [segment.up_to_share for segment in self.segments]
        if shares != sorted(set(shares)) or (shares and shares[-1] != 1):
            raise ValueError("segments' up_to_share must rise and end at 1")
        if bool(self.churn_file) != bool(self.segments):
            raise ValueError("churn_file and segments are given together or not at all")
        return self


class Policy(Frozen):
    """The programme's terms: who may have a line, how large, at what price.

    `name` is the programme's: a model is fitted for it and used for no other. A policy that states
    none goes by its file's name.
    """

    name: Annotated[str, Field(pattern=r"^([a-z][a-z0-9_-]{0,63})?$")] = ""
    eligibility: tuple[Rule, ...]
    agreement: Agreement
    caps: Caps
    need: Need
    economics: Economics
    capital: Capital
    price: Price
    learning: Learning = Learning()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [rule.name for rule in self.eligibility]
        if len({*names, AGREEMENT, LEFT_OUT}) != len(names) + 2:
            raise ValueError("eligibility: each rule needs a name of its own")
        return self

    @property
    def cards(self) -> tuple[str, ...]:
        """Every card that rules, caps and need read, each once."""
        named = [rule.card for rule in self.eligibility]
        caps = (self.caps.exports_card, self.caps.platform_card, self.caps.sales_card)
        return tuple(dict.fromkeys([*named, *caps, *NEED_CARDS, *ROW_CARDS]))


NEED_CARDS = ("purchases_to_sales_12m", "exports_growth_6m", "debt_cny")
"""What the need reads beside yearly sales: cost share, growth, existing working-capital loans."""


SECTOR, DESTINATION = "sector", "main_destination_12m"
ROW_CARDS = (SECTOR, DESTINATION)
"""What the rows on concentration read."""


class Bank(Frozen):
    """One bank's row: its cost of money, its band of rates, and its appetite.

    Yearly fractions and CNY; `expected_loss_cap` is a share of the budget, `budget_cny` a sum of
    limits. No sector may take more of the budget than `sector_share`, or than its own entry in
    `sector_shares`; 1 is no such row.
    """

    name: Annotated[str, Field(pattern=f"^{BANK_NAME}$")]
    funding_rate: Share
    capital_cost: Share
    rate_low: Share
    base_rate: Share
    rate_high: Share
    budget_cny: Money
    expected_loss_cap: Share
    max_limit_cny: Money
    largest_pd: Share
    sector_share: Share = 1.0
    sector_shares: Mapping[str, Share] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _band_holds_base(self) -> Self:
        if not self.rate_low <= self.base_rate <= self.rate_high:
            raise ValueError("rate_low <= base_rate <= rate_high does not hold")
        return self

    @property
    def loss_cap_cny(self) -> float:
        """The largest expected loss of the bank's book."""
        return self.expected_loss_cap * self.budget_cny

    def sector_cap_cny(self, sector: str) -> float:
        """The largest sum of limits in a sector; infinite where there is no such row."""
        share = self.sector_shares.get(sector, self.sector_share)
        return share * self.budget_cny if share < 1 else math.inf


class Destinations(Frozen):
    """The largest share of all budgets that may rest on exports to one destination; 1: any."""

    largest_share: Share = 1.0
    shares: Mapping[str, Share] = Field(default_factory=dict)

    def share(self, destination: str) -> float:
        """The share that one destination may take."""
        return self.shares.get(destination, self.largest_share)


class Banks(Frozen):
    """The banks of the programme, one row each."""

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
    """The terms from TOML values; `SettingsError` for unknown keys, cards and bad values."""
    policy = checked(Policy, freeze_lists(values), where)
    faults = [*_unknown_cards(policy, where), *_other_windows(policy.eligibility, where)]
    if faults:
        raise SettingsError(*faults)
    return policy


def banks_from(values: Mapping[str, Any], where: str) -> Banks:
    """The banks from TOML values; `SettingsError` for unknown keys, bad or repeated names."""
    return checked(Banks, freeze_lists(values), where)


def cards_by_key(policy: Policy) -> dict[str, str]:
    """The card that each key of the terms names, by key."""
    rules = {f"eligibility.{rule.name}.card": rule.card for rule in policy.eligibility}
    keys = ("exports_card", "platform_card", "sales_card")
    caps = {f"caps.{key}": getattr(policy.caps, key) for key in keys}
    return rules | caps


def _unknown_cards(policy: Policy, where: str) -> Iterator[str]:
    known = by_name()
    for key, card in cards_by_key(policy).items():
        if card not in known and not card.startswith(ATTRIBUTE):
            (near,) = difflib.get_close_matches(card, known, n=1, cutoff=0.0)
            yield f"{where}: {key}: no card is called '{card}'. The nearest known one is '{near}'."


def _other_windows(rules: Iterable[Rule], where: str) -> Iterator[str]:
    known = by_name()
    for rule in rules:
        window = known[rule.card].window if rule.card in known else AS_ITS_PARTS
        if rule.window and window not in (rule.window, AS_ITS_PARTS):
            yield (
                f"{where}: eligibility.{rule.name}.window: '{rule.card}' looks at {window}. Fix the"
                " window, or name the card of the window that is meant."
            )
