"""Where as-of dates begin: no row is learnt from before its labels' and features' tables begin."""

from collections.abc import Callable
from datetime import date

import pandas as pd
import pytest

from riskmodel.datasets import past_lines, population, sensitivity
from riskmodel.datasets.observation_start import longest_windows
from riskmodel.errors import DataError
from riskmodel.features.catalogue import DEFINITIONS

pytestmark = pytest.mark.slow

RUN = date(2024, 7, 1)


def daily(first, last="2024-06-30", table="declarations"):
    """A row every third day for E1, known the next day."""
    on = pd.date_range(first, last, freq="3D")
    event, number, amount = {
        "declarations": ("declared_on", "declaration_id", "fob_usd"),
        "inquiries": ("inquired_on", "inquiry_id", ""),
    }[table]
    frame = pd.DataFrame({number: [f"{table}{n}" for n in range(len(on))], "enterprise_id": "E1"})
    frame = frame.assign(**{event: on}, known_at=on.tz_localize("UTC") + pd.Timedelta(days=1))
    more = {amount: 10.0, "buyer_id": "B1"} if amount else {"lender": "lender_one"}
    return frame.assign(**more)


def monthly(first, last="2024-06-01", tier="normal"):
    """E1's account at one lender, reported a fortnight after each month's end."""
    month = pd.date_range(first, last, freq="MS")
    known = (month + pd.offsets.MonthEnd(0) + pd.Timedelta(days=14)).tz_localize("UTC")
    return pd.DataFrame(
        {
            "enterprise_id": "E1",
            "lender": "lender_one",
            "account_id": "A1",
            "month": month,
            "days_past_due": 0,
            "tier": tier,
            "known_at": known,
        }
    )


@pytest.fixture
def with_histories(drawn, lines, states) -> Callable:
    """E1 has a line from January 2018 on; its months and the histories begin as given."""

    def of(months="2018-01-01", granted="2018-01-01", bad=None, **tables):
        given = {"lines": lines(("L1", "E1", granted, None))}
        given["line_months"] = states("L1", months, "2024-06-01", bad)
        return drawn({**given, **tables})

    return of


def first_date(found):
    return found.labelled["as_of"].min()


def counted(found, reason):
    rows = found.exclusions[found.exclusions["purpose"] == "fit"]
    rows = rows[rows["reason"] == reason]
    return int(rows["rows"].sum()), " ".join(rows["text"])


def test_no_row_is_learnt_from_before_half_of_the_longest_window_of_a_history(
    with_histories, settings
):
    source = with_histories(declarations=daily("2020-03-04"))
    found = population(source, settings, RUN)
    # Windows of declarations reach back 24 months: from March 2020 half of that is in March 2021.
    assert first_date(found) == pd.Timestamp("2021-04-01")
    rows, text = counted(found, "histories_begin_later")
    # E1 at the quarters from April 2018 to January 2021.
    assert rows == 12
    assert "declarations in 2020-03" in text
    assert "from 2021-03-01 on" in text


@pytest.mark.parametrize(
    ("share", "first"),
    [(0.0, "2020-04-01"), (0.25, "2020-10-01"), (0.3, "2021-01-01"), (1.0, "2022-04-01")],
)
def test_the_share_of_history_is_a_setting(with_histories, settings, share, first):
    chosen = settings.with_values({"as_of_dates.min_history_share": share})
    found = population(with_histories(declarations=daily("2020-03-04")), chosen, RUN)
    assert first_date(found) == pd.Timestamp(first)


def test_a_window_that_the_run_does_not_read_asks_for_no_history(with_histories, settings):
    short = [
        feature
        for feature in DEFINITIONS
        if feature.name in ("exports_usd_6m", "agreements", "sector")
    ]
    source = with_histories(declarations=daily("2020-03-04"))
    assert longest_windows(source, short) == {"declarations": 6}
    # Three of six months from March 2020.
    assert first_date(population(source, settings, RUN, short)) == pd.Timestamp("2020-07-01")


def test_a_window_held_against_an_earlier_one_reaches_back_to_its_start(with_histories):
    source = with_histories(declarations=daily("2020-03-04"))
    reach = {
        "exports_growth_6m": 12,
        "exports_growth_on_year_3m": 15,
        "exports_growth_on_lunar_year_3m": 16,
        "exports_trend_12m": 12,
    }
    for name, months in reach.items():
        definitions = [feature for feature in DEFINITIONS if feature.name == name]
        assert longest_windows(source, definitions) == {"declarations": months}, name


def test_features_that_the_source_cannot_give_ask_for_no_history(with_histories):
    # Without buyers nobody can be lost: the longest window of what is left is that of a year and
    # the same quarter of the lunar year before.
    rows = daily("2020-03-04")
    nameless = rows.drop(columns="buyer_id")
    assert longest_windows(with_histories(declarations=nameless))["declarations"] == 16
    assert longest_windows(with_histories(declarations=rows))["declarations"] == 24


def test_a_few_rows_of_long_before_do_not_begin_a_history(with_histories, settings):
    strays = daily("2012-01-05", "2012-01-05")
    strays["declaration_id"] = "stray"
    many = pd.concat([daily("2020-03-04")] * 3, ignore_index=True)
    many["declaration_id"] = many.index.astype(str)
    found = population(with_histories(declarations=pd.concat([strays, many])), settings, RUN)
    assert first_date(found) == pd.Timestamp("2021-04-01")


def test_a_history_that_was_loaded_later_counts_from_when_it_was_known(with_histories, settings):
    loaded = daily("2016-01-01", "2024-06-27")
    loaded["known_at"] = loaded["known_at"].clip(lower=pd.Timestamp("2021-05-10", tz="UTC"))
    found = population(with_histories(declarations=loaded), settings, RUN)
    assert first_date(found) == pd.Timestamp("2021-07-01")


def test_the_programmes_own_tables_may_begin_late(with_histories, settings):
    agreements = pd.DataFrame(
        {
            "enterprise_id": "E1",
            "bank": ["bank_a", "bank_b"],
            "signed_on": pd.to_datetime(["2023-10-02", "2024-02-01"]),
            "known_at": pd.to_datetime(["2023-10-03", "2024-02-02"], utc=True),
        }
    )
    applications = agreements.rename(columns={"signed_on": "applied_on"})
    applications = applications.assign(application_id=["P1", "P2"], decision="decline")
    source = with_histories(agreements=agreements, applications=applications)
    assert first_date(population(source, settings, RUN)) == pd.Timestamp("2018-04-01")


def test_lines_older_than_their_months_are_learnt_from_once_the_months_have_begun(
    with_histories, settings
):
    # That E1 is in default already on 1 April 2019 is seen at the end of April only.
    bad = {"2019-04-01": {"days_past_due": 400}}
    found = population(with_histories(months="2019-04-01", bad=bad), settings, RUN)
    assert found.labelled.empty
    assert counted(found, "labels_begin_later")[0] == 5  # April 2018 to April 2019
    sound = population(with_histories(months="2019-04-01"), settings, RUN)
    assert first_date(sound) == pd.Timestamp("2019-07-01")
    assert "line_months in 2019-04" in counted(sound, "labels_begin_later")[1]
    # On 30 April itself that month's end is not behind yet.
    often = settings.with_values({"as_of_dates.step_months": 1})
    ends = population(with_histories(months="2019-04-01"), often, date(2024, 6, 30))
    assert first_date(ends) == pd.Timestamp("2019-05-30")


def test_lenders_tiers_are_what_labels_rest_on_unless_no_tier_is_a_default(
    with_histories, settings
):
    source = with_histories(bank_records=monthly("2020-02-01"))
    every = settings.with_values({"as_of_dates.min_history_share": 0.0})
    assert first_date(population(source, every, RUN)) == pd.Timestamp("2020-04-01")
    none = every.with_values({"default_definition.tiers": ()})
    assert counted(population(source, none, RUN), "labels_begin_later")[0] == 0
    late = monthly("2018-01-01")
    late["tier"] = late["tier"].where(late["month"] >= "2021-02-01")
    found = population(with_histories(bank_records=late), every, RUN)
    assert first_date(found) == pd.Timestamp("2021-04-01")


def test_applicants_and_given_labels_begin_where_the_histories_do(with_histories, drawn, settings):
    on = pd.to_datetime(["2020-06-15", "2021-02-28", "2021-03-01"])
    asked = pd.DataFrame(
        {
            "application_id": ["P1", "P2", "P3"],
            "enterprise_id": ["E1", "E1", "E2"],
            "bank": "bank_a",
            "applied_on": on,
            "known_at": on.tz_localize("UTC") + pd.Timedelta(days=1),
        }
    )
    history = daily("2020-03-04")
    chosen = settings.with_values({"population": "applicants"})
    source = with_histories(declarations=history, applications=asked)
    assert population(source, chosen, RUN).labelled["as_of"].tolist() == [on[2]]
    labels = pd.DataFrame(
        {
            "enterprise_id": ["E1", "E1", "E2"],
            "as_of": on,
            "defaulted": [True, False, False],
            "observed_until": pd.Timestamp("2023-12-31"),
            "horizon_months": 12,
        }
    )
    found = population(drawn({"declarations": history, "outcomes": labels}), settings, RUN)
    assert found.labelled["as_of"].tolist() == [on[2]]
    assert counted(found, "histories_begin_later")[0] == 2


def test_past_lines_and_the_sensitivity_leave_the_same_dates_out(drawn, lines, states, settings):
    given = lines(("L1", "E1", "2019-05-02", None), ("L2", "E2", "2021-02-28", None))
    given = pd.concat([given, lines(("L3", "E3", "2021-03-01", None))])
    months = [states(line, "2019-05-01", "2024-06-01") for line in ("L1", "L2", "L3")]
    history = daily("2020-03-04")
    source = drawn({"lines": given, "line_months": pd.concat(months), "declarations": history})
    assert list(past_lines(source, settings, RUN)["line_id"]) == ["L3"]
    rows = sensitivity(source, settings, RUN).set_index("definition")["rows"]
    # April 2021 to July 2023, ten quarters of three enterprises.
    assert rows["90 days past due, 12 months"] == 30
    found = population(source, settings, RUN)
    assert len(found.labelled) == 30
    counts = found.exclusions.set_index(["purpose", "reason"])
    assert counts.loc[("limits", "histories_begin_later"), ["rows", "enterprises"]].tolist() == [
        2,
        2,
    ]


def test_where_every_row_is_too_early_it_is_said_what_to_do(with_histories, settings):
    source = with_histories(declarations=daily("2023-09-04"))
    with pytest.raises(DataError, match=r"declarations in 2023-09.*min_history_share"):
        population(source, settings, RUN)


def test_where_no_date_has_the_share_of_history_those_with_any_are_kept_and_counted(
    with_histories, settings
):
    source = with_histories(declarations=daily("2023-04-03"))
    found = population(source, settings, RUN)
    assert found.labelled["as_of"].min() > pd.Timestamp("2023-04-03")
    assert len(found.labelled)
    kept = found.exclusions.set_index(["purpose", "reason"]).loc[("kept", "histories_begin_later")]
    assert kept["rows"] >= len(found.labelled)
    assert "no date has more" in kept["text"]
