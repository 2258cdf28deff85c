"""Who is learnt from, with which label, and who is left out for which reason."""

from datetime import date

import pandas as pd
import pytest

from riskmodel.datasets import find_last_as_of, population, resolve_population, sensitivity
from riskmodel.errors import DataError

pytestmark = pytest.mark.slow

RUN = date(2024, 7, 1)


def label(found, who, day):
    """The label of one row, or None where it is left out."""
    rows = found.labelled
    rows = rows[(rows["enterprise_id"] == who) & (rows["as_of"] == pd.Timestamp(day))]
    return None if rows.empty else bool(rows["defaulted"].iloc[0])


def left_out(found, reason, purpose="fit"):
    rows = found.exclusions
    rows = rows[(rows["reason"] == reason) & (rows["purpose"] == purpose)]
    return int(rows["rows"].sum())


@pytest.fixture
def one_line(drawn, lines, states):
    """E1 has a line from January 2022; its months are sound but for those given."""

    def of(bad=None, **tables):
        history = states("L1", "2022-01-01", "2024-06-01", bad)
        given = {"lines": lines(("L1", "E1", "2022-01-01", None)), "line_months": history}
        return drawn({**given, **tables})

    return of


def test_ninety_days_past_due_are_a_default_and_eighty_nine_are_none(one_line, settings):
    for days, answer in ((89, False), (90, True)):
        found = population(one_line({"2022-10-01": {"days_past_due": days}}), settings, RUN)
        assert label(found, "E1", "2022-07-01") is answer


def test_a_write_off_is_a_default(one_line, settings):
    found = population(one_line({"2022-10-01": {"written_off_cny": 0.5}}), settings, RUN)
    assert label(found, "E1", "2022-07-01") is True


@pytest.mark.parametrize(
    ("tier", "answer"),
    [("normal", False), ("special_mention", False), ("substandard", True), ("loss", True)],
)
def test_substandard_or_worse_at_any_lender_is_a_default(one_line, settings, tier, answer):
    records = pd.DataFrame(
        {
            "enterprise_id": ["E1"],
            "lender": ["lender_one"],
            "account_id": ["A1"],
            "month": pd.to_datetime(["2022-10-01"]),
            "tier": [tier],
            "known_at": pd.to_datetime(["2022-11-03"], utc=True),
        }
    )
    found = population(one_line(bank_records=records), settings, RUN)
    assert label(found, "E1", "2022-07-01") is answer


def test_the_days_and_the_tiers_of_default_are_settings(one_line, settings):
    strict = settings.with_values({"default_definition.days_past_due": 30})
    source = one_line({"2022-10-01": {"days_past_due": 30}})
    assert label(population(source, settings, RUN), "E1", "2022-07-01") is False
    assert label(population(source, strict, RUN), "E1", "2022-07-01") is True


def test_the_horizon_holds_its_first_day_and_not_the_day_after_its_last(one_line, settings):
    # Twelve months from 1 July 2022: the end of June 2023 is inside, the end of July is not.
    inside = population(one_line({"2023-06-01": {"days_past_due": 90}}), settings, RUN)
    outside = population(one_line({"2023-07-01": {"days_past_due": 90}}), settings, RUN)
    assert label(inside, "E1", "2022-07-01") is True
    assert label(outside, "E1", "2022-07-01") is False
    assert label(outside, "E1", "2022-10-01") is True


def test_a_default_on_the_as_of_date_itself_lies_in_the_horizon(one_line, settings):
    source = one_line({"2022-07-01": {"days_past_due": 90}})
    # Dates of the run: month-ends, three months apart.
    found = population(source, settings, date(2024, 7, 31))
    assert label(found, "E1", "2022-07-31") is True
    assert label(found, "E1", "2022-10-31") is None


def test_an_enterprise_in_default_before_the_as_of_date_is_left_out_and_counted(one_line, settings):
    found = population(one_line({"2022-05-01": {"days_past_due": 90}}), settings, RUN)
    days = found.labelled.loc[found.labelled["enterprise_id"] == "E1", "as_of"]
    assert days.max() == pd.Timestamp("2022-04-01")
    # July 2022 to July 2024, every three months.
    assert left_out(found, "already_in_default") == 9
    assert left_out(found, "already_in_default", "score") == 1
    assert "E1" in set(found.scored["enterprise_id"])


def test_a_cohort_whose_horizon_is_not_over_is_left_out_with_its_early_defaults(
    drawn, lines, states, settings
):
    tables = {
        "lines": lines(("L1", "E1", "2022-01-01", None), ("L2", "E2", "2022-01-01", None)),
        "line_months": pd.concat(
            [
                states("L1", "2022-01-01", "2024-06-01"),
                states("L2", "2022-01-01", "2024-06-01", {"2023-11-01": {"days_past_due": 120}}),
            ]
        ),
    }
    found = population(drawn(tables), settings, RUN)
    # Reports reach to 30 June 2024: the horizon from 1 July 2023 is just over.
    assert found.labelled["as_of"].max() == pd.Timestamp("2023-07-01")
    assert label(found, "E2", "2023-10-01") is None
    # E1 from October 2023 to July 2024, and E2 in October 2023; from then on E2 is in default.
    assert left_out(found, "not_mature") == 5
    assert left_out(found, "already_in_default") == 3


def test_a_last_month_whose_reports_are_still_arriving_is_not_the_end_of_the_data(
    drawn, lines, states, settings
):
    names = ["L1", "L2", "L3", "L4"]
    given = lines(*((n, n.replace("L", "E"), "2022-01-01", None) for n in names))
    last = ["2024-06-01", "2024-05-01", "2024-05-01", "2024-05-01"]
    months = [states(n, "2022-01-01", end) for n, end in zip(names, last, strict=True)]
    source = drawn({"lines": given, "line_months": pd.concat(months)})
    found = population(source, settings, RUN)
    assert found.labelled["as_of"].max() == pd.Timestamp("2023-04-01")


def test_a_line_counts_from_its_grant_to_its_expiry_and_after_it_while_drawn(
    drawn, lines, states, settings
):
    given = lines(
        ("L1", "E1", "2022-02-01", "2022-12-31"),
        ("L2", "E2", "2022-02-01", "2022-12-31"),
        ("L3", "E3", "2022-01-01", "2022-07-01"),
    )
    drawn_after = {f"2022-{month}-01": {"drawn_cny": 5.0} for month in (10, 11, 12)}
    months = [
        states("L1", "2022-02-01", "2024-06-01"),
        states("L2", "2022-02-01", "2024-06-01", drawn_after),
        states("L3", "2022-01-01", "2024-06-01"),
    ]
    found = population(drawn({"lines": given, "line_months": pd.concat(months)}), settings, RUN)
    days = found.labelled.groupby("enterprise_id")["as_of"].agg(["min", "max"])
    assert days.loc["E1"].tolist() == [pd.Timestamp("2022-04-01"), pd.Timestamp("2022-10-01")]
    # On 1 January 2023 the last state known of L2 is drawn; on 1 April it is repaid.
    assert days.loc["E2", "max"] == pd.Timestamp("2023-01-01")
    # On the day of expiry itself the line still counts.
    assert days.loc["E3", "max"] == pd.Timestamp("2022-07-01")
    assert left_out(found, "no_line") > 0


@pytest.mark.parametrize(
    ("reported", "counts"),
    [
        # The state of December, as first reported: known in time, or on the as-of date itself.
        ({"2022-12-31 15:59": 5.0}, True),
        ({"2022-12-31 16:00": 5.0}, False),
        # A correction to nothing drawn, known before the as-of date (midnight in Shanghai) or on it.
        ({"2022-12-31 10:00": 5.0, "2022-12-31 15:59": 0.0}, False),
        ({"2022-12-31 10:00": 5.0, "2023-02-20 08:00": 0.0}, True),
        ({"2022-12-31 10:00": 0.0, "2023-02-20 08:00": 5.0}, False),
    ],
)
def test_a_line_that_has_run_out_counts_by_what_was_known_to_be_drawn_then(
    drawn, lines, states, settings, reported, counts
):
    after = states("L1", "2023-01-01", "2024-06-01")
    december = states("L1", "2022-12-01", "2022-12-01")
    versions = [
        december.assign(drawn_cny=value, known_at=pd.Timestamp(known, tz="UTC"))
        for known, value in reported.items()
    ]
    given = lines(("L1", "E1", "2022-02-01", "2022-12-30"), ("L2", "E2", "2022-02-01", None))
    sound = [states("L1", "2022-02-01", "2022-11-01"), states("L2", "2022-02-01", "2024-06-01")]
    source = drawn({"lines": given, "line_months": pd.concat([*sound, *versions, after])})
    found = population(source, settings, date(2024, 7, 1))
    assert (label(found, "E1", "2023-01-01") is False) is counts


def test_the_newest_month_known_says_what_is_drawn_and_a_month_taken_back_says_nothing(
    drawn, lines, states, settings
):
    given = lines(("L1", "E1", "2022-02-01", "2022-12-30"), ("L2", "E2", "2022-02-01", None))
    owed = {"2022-11-01": {"drawn_cny": 7.0}}
    early = states("L1", "2022-02-01", "2022-12-01", owed)
    early["known_at"] = early["known_at"].clip(upper=pd.Timestamp("2022-12-31 10:00", tz="UTC"))
    gone = early.tail(1).assign(withdrawn=True, known_at=pd.Timestamp("2022-12-31 11:00", tz="UTC"))
    sound = [states("L2", "2022-02-01", "2024-06-01"), early.assign(withdrawn=False)]
    for extra, answer in (([], None), ([gone], False)):
        source = drawn({"lines": given, "line_months": pd.concat([*sound, *extra])})
        assert label(population(source, settings, RUN), "E1", "2023-01-01") is answer


def test_a_line_counts_by_the_version_known_at_the_date(drawn, lines, states, settings):
    # L1 was to end in June; that it runs on was known in August. L2 is known on 2 July.
    first = lines(("L1", "E1", "2022-01-05", "2022-06-30"), ("L2", "E2", "2022-07-01", None))
    longer = first.iloc[:1].assign(
        expires_on=pd.Timestamp("2023-06-30"), known_at=pd.Timestamp("2022-08-01", tz="UTC")
    )
    months = [states("L1", "2022-01-01", "2024-06-01"), states("L2", "2022-07-01", "2024-06-01")]
    source = drawn({"lines": pd.concat([first, longer]), "line_months": pd.concat(months)})
    found = population(source, settings, RUN)
    assert label(found, "E1", "2022-04-01") is False
    assert label(found, "E1", "2022-07-01") is None
    assert label(found, "E1", "2022-10-01") is False
    assert label(found, "E2", "2022-07-01") is None
    assert label(found, "E2", "2022-10-01") is False


def test_a_withdrawn_enterprise_is_not_scored(one_line, settings):
    register = pd.DataFrame(
        {
            "enterprise_id": ["E1", "E2", "E3", "E4", "E4"],
            "known_at": pd.to_datetime(["2010-01-01"] * 4 + ["2023-01-01"], utc=True),
            "withdrawn": [False, False, False, False, True],
        }
    )
    found = population(one_line(enterprises=register), settings, RUN)
    assert found.scored["enterprise_id"].tolist() == ["E1", "E2", "E3"]


def test_a_withdrawn_line_is_no_line_and_its_arrears_are_no_default(drawn, lines, states, settings):
    given = lines(("L1", "E1", "2022-01-01", None), ("L2", "E2", "2022-01-01", None))
    gone = given.iloc[1:].assign(
        withdrawn=True, known_at=given["known_at"].iloc[1:] + pd.Timedelta(days=9)
    )
    months = [
        states("L1", "2022-01-01", "2024-06-01"),
        states("L2", "2022-01-01", "2024-06-01", {"2022-10-01": {"days_past_due": 120}}),
    ]
    source = drawn(
        {
            "lines": pd.concat([given.assign(withdrawn=False), gone]),
            "line_months": pd.concat(months),
        }
    )
    found = population(source, settings, RUN)
    assert set(found.labelled["enterprise_id"]) == {"E1"}
    assert left_out(found, "already_in_default") == 0


def test_everyone_of_the_register_is_scored_on_the_runs_date(one_line, settings):
    found = population(one_line(), settings, RUN)
    assert found.scored["enterprise_id"].tolist() == ["E1", "E2", "E3", "E4"]
    assert set(found.scored["as_of"]) == {pd.Timestamp(RUN)}
    rest = population(one_line(), settings.with_values({"scoring_population": "unlabelled"}), RUN)
    assert rest.scored["enterprise_id"].tolist() == ["E2", "E3", "E4"]


def test_applicants_are_labelled_whether_or_not_they_got_a_line(one_line, settings):
    applications = pd.DataFrame(
        {
            "application_id": ["P1", "P2"],
            "enterprise_id": ["E1", "E2"],
            "bank": "bank_a",
            "applied_on": pd.to_datetime(["2022-06-15", "2022-08-20"]),
            "known_at": pd.to_datetime(["2022-06-16", "2022-08-21"], utc=True),
        }
    )
    source = one_line({"2022-10-01": {"days_past_due": 90}}, applications=applications)
    chosen = settings.with_values({"population": "applicants"})
    found = population(source, chosen, RUN)
    assert len(found.labelled) == 2
    assert label(found, "E1", "2022-06-15") is True
    assert label(found, "E2", "2022-08-20") is False


def outcomes(*rows):
    names = ["enterprise_id", "as_of", "defaulted", "observed_until", "horizon_months"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(
        as_of=pd.to_datetime(frame["as_of"]),
        observed_until=pd.to_datetime(frame["observed_until"]),
        defaulted=frame["defaulted"].astype("boolean"),
        horizon_months=frame["horizon_months"].astype("Int64"),
    )


def test_given_labels_without_a_verdict_or_of_another_horizon_are_left_out(drawn, settings):
    given = outcomes(
        ("E1", "2023-01-01", True, "2023-12-31", 12),
        ("E2", "2023-01-01", False, "2023-12-31", 12),
        ("E3", "2023-01-01", None, "2023-12-31", 12),
        ("E4", "2023-01-01", False, "2023-12-31", 6),
        ("E4", "2023-04-01", False, "2023-12-31", 12),
        ("E1", "2025-01-01", False, "2026-12-31", 12),
    )
    found = population(drawn({"outcomes": given}), settings, RUN)
    assert found.labelled["enterprise_id"].tolist() == ["E1", "E2"]
    assert found.labelled["defaulted"].tolist() == [True, False]
    assert found.horizon_months == 12
    for reason in ("no_label", "other_horizon", "not_mature", "after_run"):
        assert left_out(found, reason) == 1, reason
    assert found.outcome == "default within 12 months"


def test_a_default_ends_the_watching_and_its_label_stays(drawn, settings):
    given = outcomes(
        ("E1", "2023-01-01", True, "2023-03-15", 12),
        ("E2", "2023-01-01", False, "2023-12-31", 12),
        ("E3", "2023-01-01", False, "2023-03-15", 12),
    )
    found = population(drawn({"outcomes": given}), settings, RUN)
    # E3 was lost from sight and may have defaulted later; of E1 all is known.
    assert found.labelled["enterprise_id"].tolist() == ["E1", "E2"]
    assert left_out(found, "not_mature") == 1


def test_early_defaults_of_a_cohort_that_is_not_over_are_left_out_whatever_they_claim(
    drawn, settings
):
    given = outcomes(
        ("E1", "2022-01-01", True, "2022-12-31", 12),
        ("E2", "2022-01-01", False, "2022-12-31", 12),
        ("E3", "2023-01-01", True, "2023-12-31", 12),
        ("E4", "2023-01-01", False, "2023-06-30", 12),
    )
    found = population(drawn({"outcomes": given}), settings, RUN)
    assert found.labelled["enterprise_id"].tolist() == ["E1", "E2"]
    assert left_out(found, "not_mature") == 2


def test_given_labels_of_another_horizon_than_twelve_months_are_named_so(drawn, settings):
    given = outcomes(("E1", "2023-01-01", True, "2023-06-30", 6))
    found = population(drawn({"outcomes": given}), settings, RUN)
    assert (found.horizon_months, found.outcome) == (6, "default within 6 months")


def test_given_labels_without_a_horizon_say_ever(drawn, settings):
    given = outcomes(
        ("E1", "2023-01-01", True, "2023-12-31", None),
        ("E2", "2023-01-01", False, "2023-12-31", None),
    )
    found = population(drawn({"outcomes": given}), settings, RUN)
    assert len(found.labelled) == 2
    assert found.horizon_months is None
    assert found.outcome == "default ever, as far as the source saw"


def test_without_a_horizon_a_row_is_mature_once_it_was_watched_for_the_one_in_force(
    drawn, settings
):
    given = outcomes(
        ("E1", "2023-01-01", False, "2023-12-30", None),
        ("E2", "2023-01-01", False, "2023-12-31", None),
        ("E3", "2023-01-01", True, "2023-02-10", None),
        ("E4", "2023-01-02", True, "2023-02-10", None),
    )
    source = drawn({"outcomes": given})
    found = population(source, settings, RUN)
    # A default ends E3's watch; E4's twelve months are not over by the end of the data.
    assert found.labelled["enterprise_id"].tolist() == ["E2", "E3"]
    assert left_out(found, "not_mature") == 2
    shorter = settings.with_values({"horizon_months": 11})
    assert len(population(source, shorter, RUN).labelled) == 4
    as_given = settings.with_values({"default_definition.label_maturity": "any"})
    assert len(population(source, as_given, RUN).labelled) == 4


def test_labels_without_a_horizon_that_nobody_watched_are_refused_with_what_to_do(drawn, settings):
    given = outcomes(
        ("E1", "2023-01-01", True, "2023-02-01", None),
        ("E2", "2023-01-01", False, "2023-02-01", None),
    )
    with pytest.raises(
        DataError, match=r"all 2 labels.*12 months.*datasets.default_definition.label_maturity"
    ) as left:
        population(drawn({"outcomes": given}), settings, RUN)
    assert len(str(left.value).splitlines()) == 1


def test_without_a_horizon_a_label_ends_with_the_one_in_force_and_a_default_is_known_on_its_day(
    drawn, settings
):
    given = outcomes(
        ("E1", "2021-01-31", True, "2023-12-31", None),
        ("E2", "2021-01-31", True, "2023-12-31", None),
        ("E3", "2021-01-31", False, "2023-12-31", None),
    ).assign(defaulted_on=pd.to_datetime(["2022-05-05", None, None]))
    rows = population(drawn({"outcomes": given}), settings, RUN).labelled
    assert set(rows["label_ends_on"]) == {pd.Timestamp("2022-01-31")}
    known = ["2022-05-05", "2023-12-31", "2023-12-31"]
    assert rows["label_known_on"].tolist() == list(pd.to_datetime(known))


def test_a_given_default_before_the_as_of_date_is_no_label(drawn, settings):
    given = outcomes(
        ("E1", "2023-01-01", True, "2023-12-31", 12), ("E2", "2023-01-01", True, "2023-12-31", 12)
    ).assign(defaulted_on=pd.to_datetime(["2022-12-31", "2023-01-01"]))
    found = population(drawn({"outcomes": given}), settings, RUN)
    assert found.labelled["enterprise_id"].tolist() == ["E2"]
    assert left_out(found, "already_in_default") == 1


def test_every_row_is_labelled_or_left_out_with_a_reason(one_line, settings):
    found = population(one_line({"2023-02-01": {"days_past_due": 90}}), settings, RUN)
    # Four enterprises on eleven dates, from 1 January 2022 to 1 July 2024.
    fit = found.exclusions[found.exclusions["purpose"] == "fit"]
    assert len(found.labelled) + fit["rows"].sum() == 4 * 11
    assert found.exclusions["text"].notna().all()


def test_the_population_is_lines_where_there_are_any_else_outcomes(one_line, drawn, settings):
    given = {"outcomes": outcomes(("E1", "2023-01-01", True, "2023-12-31", 12))}
    assert resolve_population(one_line(**given), settings) == "lines"
    assert resolve_population(drawn(given), settings) == "outcomes"
    with pytest.raises(DataError, match="needs lines"):
        resolve_population(drawn(given), settings.with_values({"population": "lines"}))


def test_the_newest_date_is_the_day_after_the_last_row_became_known(one_line, drawn, settings):
    # The state of June 2024 is known on 3 July.
    assert find_last_as_of(one_line(), settings) == date(2024, 7, 4)
    given = {"outcomes": outcomes(("E1", "2023-01-01", True, "2023-12-31", 12))}
    assert find_last_as_of(drawn(given), settings) == date(2023, 1, 1)


def test_the_default_rate_moves_with_the_definition(one_line, settings):
    table = sensitivity(one_line({"2022-10-01": {"days_past_due": 60}}), settings, RUN)
    defaults = table.set_index("definition")["defaults"]
    assert defaults["90 days past due, 12 months"] == 0
    assert defaults["60 days past due, 12 months"] == defaults["30 days past due, 12 months"]
    # April, July and October 2022 see the end of October within twelve months; so would January,
    # but the line granted on the 1st is known from the 2nd.
    assert defaults["60 days past due, 12 months"] == 3


def test_who_had_no_line_is_known_with_what_became_of_it_and_no_row_is_fitted(one_line, settings):
    """E1 has a line; of the others E2 defaults at a lender in 2023, E3 did in 2022, E4 never."""
    months = pd.to_datetime(["2023-10-01", "2022-03-01"])
    records = pd.DataFrame(
        {
            "enterprise_id": ["E2", "E3"],
            "lender": "lender_one",
            "account_id": "A1",
            "month": months,
            "tier": "loss",
            "known_at": (months + pd.DateOffset(months=1, days=3)).tz_localize("UTC"),
        }
    )
    found = population(one_line(bank_records=records), settings, RUN)
    none, day = found.without_line, pd.Timestamp(RUN)
    assert set(found.labelled["enterprise_id"]) == {"E1"}
    then = none[none["as_of"] != day].set_index("enterprise_id")
    assert set(then["as_of"]) == {found.labelled["as_of"].max()}
    assert then["defaulted"].to_dict() == {"E2": True, "E4": False}
    now = none[none["as_of"] == day].set_index("enterprise_id")
    assert now.index.tolist() == ["E4"]  # the others are in default by then
    assert now["defaulted"].isna().all()
