"""The parameters of the fictional economy: names here, values and sources in `parameters.toml`.

Named tuples, because the compiled kernels take them as they are.
"""

from typing import NamedTuple


class Population(NamedTuple):
    """Exporters: size, quality, entry, signing."""

    size_median_usd: float
    size_sigma: float
    gamer_usd: float
    oldest_years: float
    inflow: float
    head_start_years: float
    platform_share: float
    platform_weight: float
    deal_median_usd: float
    deal_size_power: float
    deal_sigma_between: float
    loan_share: float
    leverage_low: float
    leverage_high: float
    gamer_share: float
    gamer_quality: float
    sign_share: float
    sign_wait_months: float
    sign_history_months: int
    drift_before_end: int
    drift_sectors: tuple[float, ...]
    kind_quality: float


class Buyers(NamedTuple):
    """The foreign buyers that enterprises share."""

    per_enterprise: float
    main_share_a: float
    main_share_b: float
    fall_base: float
    fall_size: float
    quality_match: float
    failure_yearly: float
    failure_slope: float
    replaced_share: float
    regained_monthly: float
    churn_monthly: float
    main_churn: float


class CommonFactors(NamedTuple):
    """Factors common to all, to a sector or a destination; and a scenario's events."""

    global_persistence: float
    global_shock: float
    sector_persistence: float
    sector_shock: float
    destination_persistence: float
    destination_shock: float
    yuan_demand: float
    yuan_margin: float
    shock_before_end: int
    shock_months: int
    shock_fade: float
    shock_demand: float
    shock_lateness: float
    shock_distress: float
    tariff_before_end: int
    tariff_destination: int
    tariff_demand: float
    yuan_before_end: int
    yuan_months: int
    yuan_rise: float


class Trade(NamedTuple):
    """Orders, deals and what they cost."""

    demand_persistence: float
    demand_shock: float
    deal_sigma: float
    return_share: float
    cancelled_share: float
    holiday_weight: float
    rush_weight: float
    cost_ratio: float
    cost_quality: float
    cost_sigma: float
    refund_rate: float
    refund_share: float
    purchase_share: float
    void_share: float
    invoice_return_share: float
    vat_rate: float
    side_goods: float
    gamed_deals: float
    gamed_deal_usd: float
    gamed_unit_value: float


class Payment(NamedTuple):
    """Payment by buyers: delays and failures."""

    late_logit: float
    late_buyer: float
    late_quality: float
    late_persistence: float
    late_shock: float
    delay_median_days: float
    delay_sigma: float
    delay_buyer: float
    delay_quality: float
    hopeless_days: int
    hopeless_unpaid: float
    dispute_share: float
    deposit_share: float
    deposit_part: float
    max_fee: float
    stranger_share: float
    refund_wait_months: int
    refund_slow_share: float
    unmatched_share: float


class Cash(NamedTuple):
    """The hidden cash balance, in months of sales."""

    target_months: float
    target_quality: float
    target_sigma: float
    reversion: float
    passthrough: float
    max_surprise: float
    fixed_share: float
    drawings: float
    shock_sigma: float
    min_activity: float
    starved_months: float
    starved_slope: float
    smoothing: float
    slow_smoothing: float


class Arrears(NamedTuple):
    """Entry into arrears, rolling, and default."""

    level: float
    cash_slope: float
    cash_knee: float
    quality_slope: float
    demand_slope: float
    loan_slope: float
    line_slope_median: float
    line_slope_sigma: float
    young_slope: float
    young_years: float
    roll_to_60: float
    roll_to_90: float
    roll_to_default: float
    roll_slope: float
    roll_centre: float
    ailing_share: float
    ailing_slope: float
    ailing_centre: float


class Exit(NamedTuple):
    """Leaving without default."""

    yearly: tuple[float, ...]
    large_factor: float
    large_usd: float
    quality_slope: float
    demand_slope: float
    cash_slope: float


class Programme(NamedTuple):
    """Lines: the gate, the banks' views, limits, draws, losses."""

    gate_usd: float
    gate_deals: int
    ceiling_cny: float
    on_platform: float
    off_platform: float
    min_line_cny: float
    levels: tuple[float, ...]
    chances_a: tuple[float, ...]
    chances_b: tuple[float, ...]
    chances_c: tuple[float, ...]
    grade_width: float
    randomised_share: float
    randomised_low: float
    randomised_high: float
    rate: float
    rate_sigma: float
    rate_grade: float
    pair_share: float
    apply_monthly: float
    again_months: int
    withdrawn_share: float
    overridden_share: float
    sector_liking: float
    region_liking: float
    view_sigma: float
    cut: float
    renewal_grace: float
    draw_level: float
    draw_slope: float
    draw_speed: float
    runoff: float
    relief: float
    pressure: float
    taste_sigma: float
    last_draw: float
    write_off_first: int
    write_off_last: int
    recovery_months: int
    lgd_low: float
    lgd_high: float
    lgd_high_share: float
    lgd_demand: float
    lgd_quality: float


class Records(NamedTuple):
    """Reports by other lenders and the bureau."""

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
    overdraft_sigma: float
    missing_share: float
    inquiry_base: float
    inquiry_need: float
    inquiry_slope: float


class Arrival(NamedTuple):
    """Lags, corrections and withdrawals."""

    corrected_share: float
    withdrawn_share: float
    customs_daily: float
    customs_slow: float
    invoice_days: int
    lender_first_days: int
    lender_last_days: int
    line_first_days: int
    line_last_days: int
    correction_days: float
    error_sigma: float


class Fx(NamedTuple):
    """Yearly levels of exchange rates, and the noise around them."""

    noise: float
    first_year: int
    cny_per_usd: tuple[float, ...]
    usd_per_eur: tuple[float, ...]
    usd_per_gbp: tuple[float, ...]
    jpy_per_usd: tuple[float, ...]
    hkd_per_usd: tuple[float, ...]


class Oracle(NamedTuple):
    """The Monte Carlo of the truth that is written beside the tables."""

    paths: int
    table_dates: int
    table_every_months: int
    application_paths: int
    response_enterprises: int


class Parameters(NamedTuple):
    """Every number of the economy, by table."""

    population: Population
    buyers: Buyers
    common: CommonFactors
    trade: Trade
    payment: Payment
    cash: Cash
    arrears: Arrears
    exit: Exit
    programme: Programme
    records: Records
    arrival: Arrival
    fx: Fx
    oracle: Oracle
