"""Features on export declarations: size, growth, steadiness, buyers, destinations and goods."""

from riskmodel.features.spec import (
    column,
    count,
    distinct,
    feature,
    growth,
    growth_on_lunar_year,
    growth_on_year,
    herfindahl,
    largest,
    log,
    longest_gap,
    lost_share,
    mean,
    months_active,
    months_since_first,
    months_since_last,
    new_share,
    peak_share,
    ratio,
    share,
    top_group,
    top_share,
    total,
    trend,
    value_share,
    volatility,
    where,
)

TABLE = "declarations"
RELEASED = column("status", "is_not", "cancelled")
SALES = where(RELEASED, column("fob_usd", "above", 0))
RETURNS = where(RELEASED, column("fob_usd", "below", 0))

DEFINITIONS = (
    feature(
        "exports_usd_1m", "USD", "falls", TABLE,
        total("fob_usd", months=1, where=SALES),
        ("Exports in the last month", "近一个月出口额"), family="size", model=False,
    ),
    feature(
        "exports_usd_3m", "USD", "falls", TABLE,
        total("fob_usd", months=3, where=SALES),
        ("Exports in the last three months", "近三个月出口额"), family="size",
    ),
    feature(
        "exports_usd_6m", "USD", "falls", TABLE,
        total("fob_usd", months=6, where=SALES),
        ("Exports in the last six months", "近六个月出口额"), family="size",
    ),
    feature(
        "exports_usd_12m", "USD", "falls", TABLE,
        total("fob_usd", months=12, where=SALES),
        ("Exports in the last twelve months", "近十二个月出口额"), family="size",
    ),
    feature(
        "exports_usd_all", "USD", "falls", TABLE,
        total("fob_usd", where=SALES),
        ("All exports known so far", "累计出口额"), family="size",
    ),
    feature(
        # No exports count as one dollar: the least that the scale can show.
        "exports_log_usd_12m", "log USD", "falls", TABLE,
        log("exports_usd_12m", if_undefined=0.0),
        ("Order of magnitude of a year's exports", "年出口额量级"), family="size",
    ),
    feature(
        "deals_6m", "deals", "falls", TABLE,
        count(months=6, where=SALES),
        ("Number of export deals in six months", "近六个月出口笔数"), family="size",
    ),
    feature(
        "deals_12m", "deals", "falls", TABLE,
        count(months=12, where=SALES),
        ("Number of export deals in twelve months", "近十二个月出口笔数"), family="size",
    ),
    feature(
        "deal_usd_mean_12m", "USD", "none", TABLE,
        mean("fob_usd", months=12, where=SALES),
        ("Usual size of a deal", "平均单笔出口额"), family="size",
    ),
    feature(
        "largest_deal_usd_12m", "USD", "none", TABLE,
        largest("fob_usd", months=12, where=SALES),
        ("Largest deal in twelve months", "近十二个月最大单笔出口额"), family="size", model=False,
    ),
    feature(
        "largest_deal_share_12m", "share", "rises", TABLE,
        ratio("largest_deal_usd_12m", "exports_usd_12m"),
        ("Weight of the largest deal", "最大单笔占比"), family="steadiness",
    ),
    feature(
        "exports_platform_usd_12m", "USD", "none", TABLE,
        total("fob_usd", months=12, where=(*SALES, column("via_platform", "is", True))),
        ("Exports through the platform in twelve months", "近十二个月经平台出口额"), family="size",
        model=False,
    ),
    feature(
        "deal_usd_mean_3m", "USD", "none", TABLE,
        mean("fob_usd", months=3, where=SALES),
        ("Size of a deal in three months", "近三个月平均单笔出口额"), family="size", model=False,
    ),
    feature(
        "deal_size_change", "ratio", "none", TABLE,
        ratio("deal_usd_mean_3m", "deal_usd_mean_12m"),
        ("Size of a deal in three months against the year's", "近三个月单笔出口额与全年之比"), family="growth",
    ),
    feature(
        "exports_growth_3m", "relative", "falls", TABLE,
        growth("fob_usd", months=3, where=SALES),
        ("Growth of exports against the three months before", "出口额季度环比增长"), family="growth",
    ),
    feature(
        "exports_growth_6m", "relative", "falls", TABLE,
        growth("fob_usd", months=6, where=SALES),
        ("Growth of exports against the six months before", "出口额半年环比增长"), family="growth",
    ),
    feature(
        "exports_growth_on_year_3m", "relative", "falls", TABLE,
        growth_on_year("fob_usd", months=3, where=SALES),
        ("Growth of exports against the same months a year ago", "近三个月出口额同比增长"), family="growth",
    ),
    feature(
        "exports_growth_on_lunar_year_3m", "relative", "falls", TABLE,
        growth_on_lunar_year("fob_usd", months=3, where=SALES),
        ("Growth of exports against the same days of the lunar year before", "近三个月出口额农历同比增长"),
        family="growth",
    ),
    feature(
        "exports_trend_12m", "share a month", "falls", TABLE,
        trend("fob_usd", months=12, where=SALES),
        ("Trend of monthly exports", "月度出口趋势"), family="growth",
    ),
    feature(
        "exports_volatility_12m", "share", "rises", TABLE,
        volatility("fob_usd", months=12, where=SALES),
        ("Unsteadiness of monthly exports", "月度出口波动"), family="steadiness",
    ),
    feature(
        "exports_volatility_6m", "share", "rises", TABLE,
        volatility("fob_usd", months=6, where=SALES),
        ("Unsteadiness of monthly exports in six months", "近六个月月度出口波动"), family="steadiness",
    ),
    feature(
        "exports_peak_share_12m", "share", "rises", TABLE,
        peak_share("fob_usd", months=12, where=SALES),
        ("Weight of the busiest month in a year's exports", "旺季单月出口占比"), family="steadiness",
    ),
    feature(
        "export_months_12m", "months", "falls", TABLE,
        months_active(months=12, where=SALES),
        ("Months with exports in the last twelve", "近十二个月有出口的月份数"), family="steadiness",
    ),
    feature(
        "export_gap_months_12m", "months", "rises", TABLE,
        longest_gap(months=12, where=SALES),
        ("Longest pause in exports", "最长出口间断月数"), family="steadiness",
    ),
    feature(
        "months_since_export", "months", "rises", TABLE,
        months_since_last(where=SALES),
        ("Time since the last export", "距最近一次出口的月数"), family="steadiness",
    ),
    feature(
        "months_since_first_export", "months", "falls", TABLE,
        months_since_first(where=SALES),
        ("Length of the export history", "出口历史长度"), family="age",
    ),
    feature(
        "returned_usd_12m", "USD", "none", TABLE,
        total("fob_usd", months=12, where=RETURNS),
        ("Goods returned in twelve months (below zero)", "近十二个月退货额"), family="steadiness",
        model=False,
    ),
    feature(
        "returned_share_12m", "share", "falls", TABLE,
        ratio("returned_usd_12m", "exports_usd_12m", if_undefined=0.0),
        ("Goods returned, against exports (below zero)", "退货占出口比例（负值）"), family="steadiness",
    ),
    feature(
        "cancelled_share_12m", "share", "rises", TABLE,
        share(column("status", "is", "cancelled"), months=12),
        ("Share of cancelled declarations", "作废报关单占比"), family="steadiness",
    ),
    feature(
        "buyers_12m", "buyers", "falls", TABLE,
        distinct("buyer_id", months=12, where=SALES),
        ("Number of buyers", "买家数量"), family="buyers",
    ),
    feature(
        "buyers_3m", "buyers", "falls", TABLE,
        distinct("buyer_id", months=3, where=SALES),
        ("Number of buyers in three months", "近三个月买家数量"), family="buyers",
    ),
    feature(
        "top_buyer_share_12m", "share", "rises", TABLE,
        top_share("fob_usd", by="buyer_id", months=12, where=SALES),
        ("Dependence on the largest buyer", "最大买家占比"), family="buyers",
    ),
    feature(
        "buyer_herfindahl_12m", "index", "rises", TABLE,
        herfindahl("fob_usd", by="buyer_id", months=12, where=SALES),
        ("Concentration of buyers", "买家集中度"), family="buyers",
    ),
    feature(
        "new_buyer_share_12m", "share", "rises", TABLE,
        new_share("fob_usd", by="buyer_id", months=12, where=SALES),
        ("Share of exports to new buyers", "新买家出口占比"), family="buyers",
    ),
    feature(
        "lost_buyer_share_12m", "share", "rises", TABLE,
        lost_share("fob_usd", by="buyer_id", months=12, where=SALES),
        ("Share of the exports of the year before to buyers since lost", "流失买家占上年出口比例"),
        family="buyers",
    ),
    feature(
        "deals_per_buyer_12m", "deals", "falls", TABLE,
        ratio("deals_12m", "buyers_12m"),
        ("Repeat business: deals per buyer", "买家平均成交笔数"), family="buyers",
    ),
    feature(
        "destinations_12m", "countries", "falls", TABLE,
        distinct("destination", months=12, where=SALES),
        ("Number of destinations", "出口目的国数量"), family="destinations",
    ),
    feature(
        "top_destination_share_12m", "share", "rises", TABLE,
        top_share("fob_usd", by="destination", months=12, where=SALES),
        ("Dependence on one destination", "最大目的国占比"), family="destinations",
    ),
    feature(
        "main_destination_12m", "country", "none", TABLE,
        top_group("fob_usd", by="destination", months=12, where=SALES),
        ("Main destination of a year's exports", "近十二个月主要出口目的国"), family="destinations",
        model=False,
    ),
    feature(
        "destination_herfindahl_12m", "index", "rises", TABLE,
        herfindahl("fob_usd", by="destination", months=12, where=SALES),
        ("Concentration of destinations", "目的国集中度"), family="destinations",
    ),
    feature(
        "new_destination_share_12m", "share", "rises", TABLE,
        new_share("fob_usd", by="destination", months=12, where=SALES),
        ("Share of exports to new destinations", "新目的国出口占比"), family="destinations",
    ),
    feature(
        "hong_kong_share_12m", "share", "rises", TABLE,
        value_share("fob_usd", column("destination", "is", "HKG"), months=12, where=SALES),
        ("Share of exports declared to Hong Kong", "对香港出口占比"), family="destinations",
    ),
    feature(
        "goods_12m", "codes", "falls", TABLE,
        distinct("hs_code", months=12, where=SALES),
        ("Variety of goods", "出口商品种类数"), family="destinations",
    ),
    feature(
        "goods_herfindahl_12m", "index", "rises", TABLE,
        herfindahl("fob_usd", by="hs_code", months=12, where=SALES),
        ("Concentration of goods", "出口商品集中度"), family="destinations",
    ),
    feature(
        "open_account_share_12m", "share", "none", TABLE,
        value_share("fob_usd", column("settlement", "is", ("OA", "DA")), months=12, where=SALES),
        ("Share of exports on open account or acceptance", "赊销及承兑交单占比"), family="getting_paid",
    ),
    feature(
        "letter_of_credit_share_12m", "share", "none", TABLE,
        value_share("fob_usd", column("settlement", "is", "LC"), months=12, where=SALES),
        ("Share of exports under letters of credit", "信用证结算占比"), family="getting_paid",
    ),
    feature(
        "terms_days_12m", "days", "none", TABLE,
        mean("terms_days", months=12, where=SALES),
        ("Payment terms granted to buyers", "给予买家的账期"), family="getting_paid",
    ),
)  # fmt: skip
