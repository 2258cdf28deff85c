"""The fidelity report: measures on drawn tables with answers by hand, and a whole simulation."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskmodel.errors import DataError
from riskmodel.simulation.fidelity import fidelity_report, limit_response, open_tables
from riskmodel.simulation.fidelity.arrival import corrected_share, lag, missing_bank_months
from riskmodel.simulation.fidelity.banks import pairs_without_agreement
from riskmodel.simulation.fidelity.catalogue import FAMILIES
from riskmodel.simulation.fidelity.default import _intraclass, limit_slopes
from riskmodel.simulation.fidelity.events import default_days, holders_at, oracle_outcomes
from riskmodel.simulation.fidelity.exporters import (
    churn,
    growth_inside,
    growth_of_continuing,
    main_buyer,
    new_year_gap,
    year_on_year,
)
from riskmodel.simulation.fidelity.gaming import bunching, strange_buyers
from riskmodel.simulation.fidelity.lines import conversion, line_defaults, losses, moves
from riskmodel.simulation.fidelity.measure import TooFewCasesError, median_by, share_by, share_of
from riskmodel.simulation.fidelity.settlement import settlements, unpaid_usd
from riskmodel.simulation.fidelity.survival import exit_in, exits_unpaid, spell_hazards, spell_mean
from riskmodel.simulation.fidelity.tables import Tables
from riskmodel.statistics.low_default import jeffreys_interval
from riskmodel.storage.files import write_folder

pytestmark = pytest.mark.slow

# --- The simulation that the whole card is held against: adjust these when the economy changes. -------
SIMULATION = {"enterprises": 2000, "months": 60, "seed": 11}
EXCUSED: frozenset[str] = frozenset()
"""Facts that a simulation of this size cannot show, each with its reason beside it."""
# -------------------------------------------------------------------------------------------------

COLUMNS = [
    "fact", "family", "unit", "measured", "low", "high", "target_low", "target_high", "source",
    "passed", "note",
]  # fmt: skip
Draw = Callable[..., Tables]


def table(columns: str, *rows: tuple[object, ...]) -> pd.DataFrame:
    """Rows under column names between blanks; columns `..._on`, `month`, `as_of` become days."""
    frame = pd.DataFrame(rows, columns=columns.split())
    for name in frame:
        if str(name).endswith("_on") or name in ("month", "as_of"):
            frame[name] = pd.to_datetime(frame[name])
        if name == "known_at":
            frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame


@pytest.fixture
def drawn(tmp_path: Path) -> Draw:
    """Tables of drawn frames, with a register of all enterprises that they name."""

    def of(frames: Mapping[str, pd.DataFrame], end: str = "2014-07-01") -> Tables:
        known = pd.Timestamp("2010-01-02", tz="UTC")
        named = {i for f in frames.values() if "enterprise_id" in f for i in f["enterprise_id"]}
        register = pd.DataFrame({"enterprise_id": sorted(named), "sector": "toys"})
        given = {"enterprises": register, **frames}
        write_folder(
            {
                name: f if "truth/" in name or "known_at" in f else f.assign(known_at=known)
                for name, f in given.items()
            },
            tmp_path / "simulation",
        )
        return Tables(tmp_path / "simulation", pd.Timestamp(end))

    return of


def declared(*rows: tuple[object, ...]) -> pd.DataFrame:
    """Declarations: enterprise, day, FOB, and optionally destination and HS code, buyer."""
    frame = pd.DataFrame(rows)
    frame = frame.reindex(columns=range(6))
    frame.columns = pd.Index(
        ["enterprise_id", "declared_on", "fob_usd", "destination", "hs_code", "buyer_id"]
    )
    return frame.assign(
        declaration_id=[f"D{place}" for place in range(len(frame))],
        declared_on=pd.to_datetime(frame["declared_on"]),
        terms_days=30,
    ).astype({"destination": "str", "hs_code": "str", "buyer_id": "str"})


def lines(*rows: tuple[object, ...]) -> pd.DataFrame:
    return table("line_id enterprise_id granted_on expires_on limit_cny", *rows).assign(bank="a")


def states(line: str, first: str, *rows: tuple[float, ...]) -> pd.DataFrame:
    """A line's month-ends from the first month on: days past due, drawn, written off, recovered."""
    frame = pd.DataFrame(rows, dtype=float).reindex(columns=range(4)).fillna(0.0)
    frame.columns = pd.Index(["days_past_due", "drawn_cny", "written_off_cny", "recovered_cny"])
    return frame.assign(line_id=line, month=pd.date_range(first, periods=len(frame), freq="MS"))


def test_the_newest_version_counts_and_what_is_withdrawn_does_not(drawn: Draw) -> None:
    rows = table(
        "declaration_id enterprise_id declared_on fob_usd known_at withdrawn",
        ("D1", "E1", "2014-01-05", 9.0, "2014-03-01", False),
        ("D1", "E1", "2014-01-05", 5.0, "2014-01-07", False),
        ("D2", "E2", "2014-01-06", 7.0, "2014-01-07", False),
        ("D2", "E2", "2014-01-06", 7.0, "2014-02-07", True),
    )
    tables = drawn({"declarations": rows})
    kept = tables.current("declarations", ["enterprise_id", "fob_usd"])
    assert kept.to_dict("list") == {"enterprise_id": [0], "fob_usd": [9.0]}
    first = tables.versions("declarations", ["fob_usd"]).drop_duplicates("key")
    assert first["fob_usd"].tolist() == [5.0, 7.0]


def test_a_table_in_parts_is_read_as_one(tmp_path: Path) -> None:
    parts = {
        f"declarations/{part}": table(
            "declaration_id enterprise_id declared_on fob_usd known_at",
            (part, "E1", "2014-01-05", 1.0, "2014-01-31 17:00"),
        )
        for part in ("one", "two")
    }
    register = pd.DataFrame({"enterprise_id": ["E1"]})
    write_folder({"enterprises": register, **parts}, tmp_path / "simulation")
    tables = open_tables(tmp_path / "simulation")
    assert len(tables.current("declarations", ["fob_usd"])) == 2
    # 17 o'clock in UTC is the first of February at the platform
    assert tables.end == pd.Timestamp("2014-03-01")


def test_growth_is_shared_out_by_absolute_changes(drawn: Draw) -> None:
    rows = declared(
        ("goes_on", "2012-08-01", 100.0), ("goes_on", "2013-08-01", 150.0),
        ("leaves", "2012-07-01", 50.0), ("comes", "2013-09-01", 100.0),
    )  # fmt: skip
    assert growth_of_continuing(drawn({"declarations": rows})).figure == 50 / 200


def test_growth_inside_takes_each_enterprises_change_in_its_own_direction(drawn: Draw) -> None:
    rows = declared(
        ("grows", "2012-07-01", 100.0, "USA"), ("grows", "2013-08-01", 130.0, "USA"),
        ("grows", "2013-08-01", 10.0, "DEU"), ("leaves", "2012-07-01", 999.0, "DEU"),
        ("shrinks", "2012-08-01", 50.0, "USA"), ("shrinks", "2013-08-01", 60.0, "USA"),
        ("shrinks", "2012-08-01", 30.0, "FRA"),
    )  # fmt: skip
    tables = drawn({"declarations": rows})
    # +40, of which +30 in the USA; -20, to which the USA bring +10
    assert growth_inside("destination")(tables).figure == (30 - 10) / (40 + 20)
    # of six pairs of both years one was taken up, one given up
    assert churn("destination")(tables).figure == pytest.approx(2 / 6)


def test_the_new_year_is_compared_month_by_month(drawn: Draw) -> None:
    rows = declared(
        ("E1", "2012-07-01", 0.0), ("E1", "2013-01-05", 100.0), ("E1", "2013-02-05", 50.0),
        ("E1", "2014-01-05", 110.0), ("E1", "2014-02-05", 40.0),
        *(("E1", f"{year}-{month}-05", usd) for year, month, usd in (
            (2012, 11, 40.0), (2012, 12, 60.0), (2013, 3, 60.0), (2013, 4, 40.0),
            (2013, 11, 50.0), (2013, 12, 70.0), (2014, 3, 70.0), (2014, 4, 50.0))),
        ("E1", "2014-06-30", 0.0),
    )  # fmt: skip
    tables = drawn({"declarations": rows})
    # the months around grew from 200 to 240, by 20 %
    assert year_on_year(1)(tables).figure == pytest.approx(1.10 / 1.20 - 1)
    assert year_on_year(2)(tables).figure == pytest.approx(0.80 / 1.20 - 1)
    assert new_year_gap(tables).figure == pytest.approx(30)


def test_the_main_buyer_is_the_largest_of_the_last_twelve_months(drawn: Draw) -> None:
    sold = [(f"E{i}", f"2014-0{1 + n % 6}-05", 10.0, "", "", "AB"[n % 5 > 2]) for i in range(20)
            for n in range(10)]  # fmt: skip
    old = [("E1", "2012-07-05", 9999.0, "", "", "B")]
    assert main_buyer(drawn({"declarations": declared(*old, *sold)})).figure == pytest.approx(0.6)


def test_a_spell_is_at_risk_only_while_its_year_is_known(drawn: Draw) -> None:
    years = ["2009-08-01", "2010-08-01", "2011-08-01", "2012-08-01", "2013-08-01"]
    served = {"A": "11111", "B": "01100", "C": "01000", "D": "00111"}
    rows = [
        ("E1", day, 1.0, place)
        for place, pattern in served.items()
        for day, there in zip(years, pattern, strict=True)
        if there == "1"
    ]
    tables = drawn({"declarations": declared(("E1", "2009-07-01", 1.0, "A"), *rows)})
    # Year 1: B, C, D begin, C stops. Year 2: B stops, D goes on. Year 4: A goes on.
    # A's first three years are not counted: nobody saw it begin.
    assert spell_hazards(tables)[0].tolist() == [1, 1, 0, 0, 3, 2, 0, 1]


def test_the_mean_spell_adds_up_what_survives_each_year(drawn: Draw) -> None:
    tables = drawn({"declarations": declared(("E1", "2014-01-01", 1.0))})
    tables.cache[f"{spell_hazards.__module__}.spell_hazards"] = np.array(
        [[50.0, 20.0, 10.0, 5.0, 100.0, 50.0, 30.0, 20.0]]
    )
    survive = [1.0, 0.5, 0.5 * 0.6, 0.3 * 2 / 3, 0.2 * 0.75]
    assert spell_mean(tables).figure == pytest.approx(sum(survive))


def test_small_exporters_leave_at_their_monthly_hazard_made_yearly(drawn: Draw) -> None:
    day, gone = "2013-07-01", "2013-12-31"
    lives = [(f"E{i:02}", day, gone if i < 2 else None, None, False) for i in range(20)]
    # neither a large one that leaves nor an exit after a default is counted
    lives += [("L", day, gone, None, False), ("S", day, "2014-03-31", gone, False)]
    lives += [("U", day, None, "2014-02-28", True)]  # leaves by its default, debts unpaid
    sold = [("L", f"2013-{month:02}-05", 30_000.0) for month in range(7, 13)]
    names = "enterprise_id entered_on exited_on defaulted_on left_unpaid"
    tables = drawn({"declarations": declared(*sold), "truth/enterprises": table(names, *lives)})
    # from the fourth month on: 18 for 9 months, 2 and S for 3, U for 5
    monthly = (2 + 1) / (18 * 9 + 2 * 3 + 3 + 5)
    assert exit_in(1)(tables).figure == pytest.approx(1 - (1 - monthly) ** 12)


def test_exits_are_paid_or_unpaid(drawn: Draw) -> None:
    lives = [(f"E{i:02}", "2010-07-01", "2013-12-31", None, False) for i in range(19)]
    lives += [("U", "2010-07-01", None, "2014-02-28", True)]
    lives += [("D", "2010-07-01", None, "2014-02-28", False)]  # a default is no exit
    # after the simulation's end, and not yet
    lives += [("V", "2010-07-01", None, "2014-08-31", True), ("W", "2010-07-01", None, None, True)]
    names = "enterprise_id entered_on exited_on defaulted_on left_unpaid"
    assert exits_unpaid(drawn({"truth/enterprises": table(names, *lives)})).figure == 1 / 20


def test_sales_are_settled_by_their_receipts_and_loose_ones_are_matched_by_amount(
    drawn: Draw,
) -> None:
    rows = declared(*((("E1", "2013-01-01", fob)) for fob in (1000.0, 2000.0, 400.0, 300.0, 77.0)))
    receipts = table(
        "receipt_id enterprise_id received_on amount_usd declaration_id",
        ("R1", "E1", "2013-01-02", 300.0, "D0"),  # a deposit
        ("R2", "E1", "2013-02-10", 698.0, "D0"),  # the rest, ten days late
        ("R3", "E1", "2013-01-29", 1995.0, None),  # names nothing, and meets D1 but for a fee
        ("R4", "E1", "2013-01-02", 120.0, "D2"),  # a deposit, and then no more
        ("R5", "E1", "2013-03-02", 290.0, None),  # meets no open value
    )
    staged = pd.DataFrame({"declaration_id": ["D4"]})
    found = settlements(
        drawn({"declarations": rows, "receipts": receipts, "truth/staged_declarations": staged})
    )
    assert found["settled"].tolist() == [True, True, False, False]
    assert found["delay"].tolist()[:2] == [10.0, -2.0]
    assert unpaid_usd(found).tolist() == [0.0, 0.0, 280.0, 300.0]


def test_holders_are_those_with_a_live_or_drawn_line_who_are_not_in_default(drawn: Draw) -> None:
    given = lines(
        ("L1", "live", "2012-01-10", "2013-01-10", 100.0),
        ("L2", "expired", "2011-01-10", "2012-01-10", 100.0),
        ("L3", "drawn", "2011-01-10", "2012-01-10", 100.0),
        ("L4", "later", "2012-04-01", "2013-01-10", 100.0),
        ("L5", "bad", "2012-01-10", "2013-01-10", 100.0),
        ("L6", "gone", "2012-01-10", "2013-01-10", 100.0),
    )
    months = pd.concat(
        [
            states("L2", "2012-03-01", (0, 0)),
            states("L3", "2012-03-01", (0, 5)),
            states("L5", "2012-03-01", (0, 5), (95, 5)),
            states("L6", "2012-02-01", (0, 5), (0, 0, 5)),
        ]
    )
    records = table(
        "enterprise_id lender account_id month tier",
        ("live", "x", "K", "2013-03-01", "substandard"),
        ("drawn", "x", "K", "2013-04-01", "loss"),
        ("drawn", "x", "K", "2012-05-01", "special_mention"),
    )
    tables = drawn({"lines": given, "line_months": months, "bank_records": records})
    found = holders_at(tables, pd.Timestamp("2012-04-01"))
    names = tables.ids("enterprise_id").to_pylist()
    by_name = dict(zip((names[i] for i in found["enterprise_id"]), found["defaulted"], strict=True))
    # "gone" was written off in March; "drawn" defaults a month after the horizon
    assert by_name == {"live": True, "drawn": False, "bad": True}
    assert default_days(tables)[names.index("bad")] == pd.Timestamp("2012-04-30")


def test_the_oracle_is_judged_by_what_came_to_holders_after_the_simulations_end_too(
    drawn: Draw,
) -> None:
    names = ["late", "early", "sound", "without"]
    given = lines(*((f"L{n}", n, "2013-01-10", "2014-12-10", 9.0) for n in names[:3]))
    months = pd.concat([states(f"L{n}", "2014-05-01", (0, 5)) for n in names[:3]])
    fates = [("late", None, "2015-06-30"), ("early", None, "2014-06-30"), ("sound", None, None)]
    tables = drawn(
        {
            "lines": given,
            "line_months": months,
            "truth/pd_12m": table(
                "enterprise_id as_of pd_12m",
                *((n, "2014-07-01", 0.1) for n in names), ("sound", "2014-08-01", 0.1),
            ),
            "truth/enterprises": table(
                "enterprise_id exited_on defaulted_on", *fates, ("without", "2015-06-30", None)
            ),
        }
    )  # fmt: skip
    # "early" is in default before the day; in August a year is not over by the truth's last month
    found = oracle_outcomes(tables)
    ids = tables.ids("enterprise_id").to_pylist()
    outcome = [
        (ids[i], bad) for i, bad in zip(found["enterprise_id"], found["defaulted"], strict=True)
    ]
    assert outcome == [("late", True), ("sound", False)]


def test_a_move_needs_a_drawn_line_and_the_very_next_month(drawn: Draw) -> None:
    given = lines(("L1", "E1", "2012-01-10", None, 100.0), ("L2", "E1", "2012-01-10", None, 100.0))
    one = states("L1", "2012-01-01", (0, 0), (0, 5), (12, 5), (40, 5), (0, 0))
    gap = states("L2", "2012-01-01", (0, 5)), states("L2", "2012-03-01", (0, 5))
    found = moves(drawn({"lines": given, "line_months": pd.concat([one, *gap])}))
    assert found[["before", "after"]].to_numpy().tolist() == [[0, 12], [12, 40], [40, 0]]


def test_conversion_compares_default_with_a_year_before(drawn: Draw) -> None:
    path = [(0, 90.0), (0, 20.0), *((0, 30.0),) * 11, (90, 60.0)]
    given = lines(*((f"L{i}", f"E{i}", "2012-01-10", None, 100.0) for i in range(20)))
    months = pd.concat([states(f"L{i}", "2012-01-01", *path) for i in range(20)])
    tables = drawn({"lines": given, "line_months": months})
    # twelve months before the default 20 of 100 were drawn, then 60: half of the 80 left
    assert conversion(tables).figure == 0.5
    assert line_defaults(tables)["age"].tolist() == [13] * 20


def test_a_loss_counts_once_no_more_is_reported(drawn: Draw) -> None:
    given = lines(("L1", "E1", "2012-01-10", None, 9.0), ("L2", "E2", "2012-01-10", None, 9.0))
    over = states("L1", "2012-01-01", (120, 0, 80, 0), (120, 0, 0, 12), (120, 0, 0, 8))
    running = states("L2", "2012-01-01", (120, 0, 80, 0), *((120, 0, 0, 1),) * 5)
    found = losses(drawn({"lines": given, "line_months": pd.concat([over, running])}))
    assert found.tolist() == [0.75]


def test_the_common_part_of_a_variance_is_the_intraclass_correlation() -> None:
    # Means 2 and 6: within 4 / 2 = 2, between 16; (16 - 2) / 2 = 7 of 7 + 2.
    figure = _intraclass(np.array([0, 0, 1, 1]), np.array([1.0, 3.0, 5.0, 7.0]))
    assert figure == pytest.approx(7 / 9)


def test_the_slope_of_a_straight_response_is_found_without_error(drawn: Draw) -> None:
    shares = np.array([0.25, 0.5, 1.0])
    rows: list[tuple[object, ...]] = [
        (name, "2013-07-01", 1e6, share, 1 / (1 + np.exp(3 - slope * share)))
        for name, slope in (("harmed", 0.8), ("helped", -0.4))
        for share in shares
    ]
    # without a line, one that has no loan cannot default: that is no point of the response
    rows += [("harmed", "2013-07-01", 1e6, 0.0, 0.0)]
    frame = table("enterprise_id as_of cap_cny share_of_cap pd_12m", *rows)
    tables = drawn({"truth/limit_response": frame})
    found = limit_slopes(tables)
    assert found["slope"].tolist() == pytest.approx([0.8, -0.4])
    assert found["variance"].tolist() == pytest.approx([0, 0], abs=1e-12)
    assert limit_response(tables)["enterprise"].unique().tolist() == ["helped", "harmed"]


def test_a_refunds_day_of_payment_is_no_correction(drawn: Draw) -> None:
    rows = table(
        "refund_id enterprise_id claimed_on paid_on amount_cny known_at withdrawn",
        ("paid", "E1", "2014-01-01", None, 5.0, "2014-01-09", False),
        ("paid", "E1", "2014-01-01", "2014-02-01", 5.0, "2014-02-02", False),
        ("mended", "E1", "2014-01-01", None, 5.0, "2014-01-09", False),
        ("mended", "E1", "2014-01-01", None, 6.0, "2014-01-11", False),
        ("taken", "E1", "2014-01-01", None, 5.0, "2014-01-09", False),
        ("taken", "E1", "2014-01-01", None, 5.0, "2014-01-11", True),
    )
    plain = [(f"F{i}", "E1", "2014-01-01", None, 5.0, "2014-01-09", False) for i in range(17)]
    tables = drawn({"refunds": pd.concat([rows, table(" ".join(rows.columns), *plain)])})
    assert corrected_share("refunds", "amount_cny")(tables).figure == 2 / 20
    # the lag is that of the first version, in the platform's days
    assert lag("refunds", "claimed_on")(tables).figure == 8


def test_a_month_is_missing_only_between_an_accounts_reports(drawn: Draw) -> None:
    months = [f"2013-{month:02}-01" for month in range(1, 13)]
    rows = [("E1", "x", "K", month) for month in months if month != "2013-05-01"]
    rows += [("E1", "x", "other", month) for month in months[:9]]
    frame = table("enterprise_id lender account_id month", *rows)
    assert missing_bank_months(drawn({"bank_records": frame})).figure == 1 / 21


def test_pairs_are_counted_among_those_that_signed_with_anyone(drawn: Draw) -> None:
    rows = [(f"E{i}", bank, "2013-01-01") for i in range(10) for bank in ("a", "b")]
    frame = table("enterprise_id bank signed_on", *rows, ("E0", "c", "2013-01-01"))
    tables = drawn({"agreements": frame, "lines": lines(("L", "nobody", "2013-01-01", None, 1.0))})
    assert pairs_without_agreement(tables).figure == pytest.approx(9 / 30)


def test_staged_rows_are_bunched_before_an_application_or_a_signing(drawn: Draw) -> None:
    days = ["2013-01-01"] * 10 + ["2013-02-20"] * 5 + ["2013-06-01"] * 5
    rows = declared(*(("E1", day, 1.0, "HKG", "", "odd") for day in days),
                    ("E2", "2013-01-01", 1.0, "USA", "", "plain"))  # fmt: skip
    tables = drawn(
        {
            "declarations": rows,
            "applications": table(
                "application_id enterprise_id bank applied_on",
                ("A1", "E1", "a", "2013-02-28"), ("A2", "E2", "a", "2013-06-15"),
            ),
            "truth/staged_declarations": rows[rows["enterprise_id"] == "E1"][["declaration_id"]],
        }
    )  # fmt: skip
    # the January ones lie 58 days before, the June ones before another's application
    assert bunching(tables).figure == 15 / 20
    assert strange_buyers(tables).figure == 1.0


def test_a_shares_interval_is_jeffreys_and_a_medians_lies_around_it() -> None:
    found = share_of(3, 40)
    assert (found.low, found.high) == pytest.approx(jeffreys_interval(3, 40))
    median = median_by(np.arange(101.0), np.arange(101), 101)
    # Woodruff: ranks half +- 1.96 / (2 sqrt(101))
    assert median.figure == 50
    assert (median.low, median.high) == pytest.approx((40.3, 59.7), abs=0.15)


def test_the_rows_of_one_enterprise_are_drawn_together() -> None:
    hit = np.repeat([0, 1], 20).astype(float)
    together = share_by(np.repeat([0, 1], 20), 2, hit)
    apart = share_by(np.arange(40), 40, hit)
    assert together.figure == apart.figure == 0.5
    assert (together.low, together.high) == (0.0, 1.0)
    assert 0.3 < apart.low < apart.high < 0.7


def test_too_few_cases_say_nothing() -> None:
    with pytest.raises(TooFewCasesError, match="19 cases where 20 are needed"):
        share_of(1, 19)


def test_a_fact_without_its_table_is_missing_and_says_so(tmp_path: Path) -> None:
    rows = declared(("E1", "2014-01-05", 9.0)).assign(known_at=pd.Timestamp("2014-01-07", tz="UTC"))
    register = pd.DataFrame({"enterprise_id": ["E1"]})
    write_folder({"enterprises": register, "declarations": rows}, tmp_path / "bare")
    card = fidelity_report(tmp_path / "bare")
    assert list(card.columns) == COLUMNS
    assert not card["passed"].any()
    notes = card.set_index("fact")["note"]
    assert notes["randomised lines"].startswith("not measured: no table lines, or no row in it. ")
    assert notes["oracle's AUC"].startswith(
        "not measured: no table truth/pd_12m, or no row in it. "
    )
    assert notes["sale, median"].startswith("not measured: 1 cases where 20 are needed. ")


def test_a_folder_that_is_no_simulation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no simulation"):
        fidelity_report(tmp_path)


def test_every_fact_has_a_name_of_its_own_and_a_range() -> None:
    facts = [fact for family in FAMILIES.values() for fact in family]
    assert len({fact.name for fact in facts}) == len(facts)
    assert all(fact.target[0] <= fact.target[1] for fact in facts)
    assert all(fact.source and fact.note.endswith(".") for fact in facts)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The card of a simulation from the writer."""
    from riskmodel.simulation import write_simulation

    out = tmp_path_factory.mktemp("card") / "simulation"
    write_simulation(out, **SIMULATION)
    return fidelity_report(out)


def test_every_fact_can_be_measured_on_a_written_simulation(whole: pd.DataFrame) -> None:
    missing = whole[whole["measured"].isna() & ~whole["fact"].isin(EXCUSED)]
    assert missing["note"].to_dict() == {}


def test_a_written_simulation_shows_the_facts(whole: pd.DataFrame) -> None:
    failed = whole[~whole["passed"] & ~whole["fact"].isin(EXCUSED)]
    shown = failed.set_index("fact")[["measured", "target_low", "target_high"]]
    assert shown.round(3).T.to_dict("list") == {}
