"""The parameters of the fictional economy: their names here, values and sources in the TOML."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Population:
    """Who exports: size, quality, entry, signing."""

    size_median_usd: float
    size_sigma: float
    present_share: float
    age_mean_years: float
    oldest_years: float
    head_start_years: float
    platform_share: float
    platform_weight: float
    deal_median_usd: float
    deal_size_power: float
    deal_sigma_between: float
    leverage_low: float
    leverage_high: float
    loan_share: float
    gamer_share: float
    gamer_quality: float
    sign_share: float
    sign_first_month: int
    sign_wait_months: float
    sign_history_months: int


@dataclass(frozen=True)
class Buyers:
    """The foreign buyers that enterprises share."""

    per_enterprise: float
    slots: int
    main_share_a: float
    main_share_b: float
    quality_match: float
    failure_monthly: float
    failure_slope: float
    replaced_share: float


@dataclass(frozen=True)
class Trade:
    """Orders, deals and what they cost."""

    demand_persistence: float
    demand_shock: float
    world_persistence: float
    world_shock: float
    sector_shock: float
    deal_sigma: float
    return_share: float
    cancelled_share: float
    holiday_weight: float
    rush_weight: float
    cost_ratio: float
    cost_quality: float
    refund_rate: float
    refund_share: float
    purchase_share: float
    gamed_deals: float
    gamed_deal_usd: float
    void_share: float
    invoice_return_share: float
    vat_rate: float
    gamed_unit_value: float


@dataclass(frozen=True)
class Payment:
    """When buyers pay, if they do."""

    late_logit: float
    late_buyer: float
    late_quality: float
    delay_mean_days: float
    hopeless_days: int
    hopeless_unpaid: float
    dispute_share: float
    deposit_share: float
    deposit_part: float
    fee_most: float
    stranger_share: float
    refund_slow_share: float
    unmatched_share: float


@dataclass(frozen=True)
class Cash:
    """The hidden cash balance, in months of sales."""

    target_months: float
    target_quality: float
    target_sigma: float
    reversion: float
    passthrough: float
    fixed_share: float
    normal_flow: float
    shock_sigma: float
    starved_least: float
    starved_months: float
    starved_slope: float
    surprise_sigma: float
    smoothing: float


@dataclass(frozen=True)
class Arrears:
    """Entry into arrears, rolling, and default."""

    level: float
    cash_slope: float
    quality_slope: float
    demand_slope: float
    debt_slope: float
    young_slope: float
    young_years: float
    ailing_jump: float
    roll_to_60: float
    roll_to_90: float
    roll_to_default: float
    roll_slope: float
    roll_centre: float
    ailing_share: float


@dataclass(frozen=True)
class Exit:
    """Leaving without default."""

    yearly: tuple[float, ...]
    large_factor: float
    quality_slope: float
    demand_slope: float


@dataclass(frozen=True)
class Programme:
    """Lines: the gate, the banks' views, limits, draws, losses."""

    gate_usd: float
    gate_deals: int
    ceiling_cny: float
    on_platform: float
    off_platform: float
    limit_sigma: float
    randomised_share: float
    randomised_low: float
    randomised_high: float
    rate: float
    rate_sigma: float
    pair_share: float
    apply_monthly: float
    withdrawn_share: float
    overridden_share: float
    sector_liking: float
    view_sigma: float
    cut: float
    renewal_grace: float
    draw_level: float
    draw_slope: float
    draw_speed: float
    last_draw: float
    taste_sigma: float
    write_off_first: int
    write_off_last: int
    recovery_months: int
    lgd_low: float
    lgd_high: float
    lgd_high_share: float


@dataclass(frozen=True)
class Records:
    """What other lenders and the bureau report."""

    balance_sigma: float
    habit_sigma: float
    flow_sigma: float
    lag_share: float
    spared_share: float
    loan_rate: float
    instalment: float
    months_after_default: int
    technical_overdue: float
    second_deposit: float
    overdraft_share: float
    missing_share: float
    inquiry_base: float
    inquiry_need: float


@dataclass(frozen=True)
class Arrival:
    """Corrections and withdrawals."""

    corrected_share: float
    withdrawn_share: float
    customs_daily: float
    invoice_days: int
    lender_first_days: int
    lender_last_days: int
    line_first_days: int
    line_last_days: int
    correction_days: float
    error_sigma: float


@dataclass(frozen=True)
class Fx:
    """Yearly levels of exchange rates, and the noise around them."""

    noise: float
    first_year: int
    cny_per_usd: tuple[float, ...]
    usd_per_eur: tuple[float, ...]
    usd_per_gbp: tuple[float, ...]
    jpy_per_usd: tuple[float, ...]
    hkd_per_usd: tuple[float, ...]


@dataclass(frozen=True)
class Parameters:
    """Every number of the economy, by part."""

    population: Population
    buyers: Buyers
    trade: Trade
    payment: Payment
    cash: Cash
    arrears: Arrears
    exit: Exit
    programme: Programme
    records: Records
    arrival: Arrival
    fx: Fx


def load_parameters() -> Parameters:
    """The base economy, from `economy.toml` beside this module."""
    text = files("riskmodel.sources.economy").joinpath("economy.toml").read_text(encoding="utf-8")
    parts: dict[str, dict[str, Any]] = {
        part: {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        for part, values in tomllib.loads(text).items()
    }
    return Parameters(
        population=Population(**parts["population"]),
        buyers=Buyers(**parts["buyers"]),
        trade=Trade(**parts["trade"]),
        payment=Payment(**parts["payment"]),
        cash=Cash(**parts["cash"]),
        arrears=Arrears(**parts["arrears"]),
        exit=Exit(**parts["exit"]),
        programme=Programme(**parts["programme"]),
        records=Records(**parts["records"]),
        arrival=Arrival(**parts["arrival"]),
        fx=Fx(**parts["fx"]),
    )
