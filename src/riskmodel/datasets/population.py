"""Population: rows of enterprise and as-of date to fit on, with labels, and to score."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from riskmodel import months
from riskmodel.datasets.default_events import current_rows, default_dates, observed_until
from riskmodel.datasets.maturity import find_short_watch, is_horizon_over
from riskmodel.datasets.observation_end import last_day
from riskmodel.datasets.observation_start import (
    HISTORIES,
    ObservationStart,
    check_some_date_remains,
    find_early_dates,
    find_observation_starts,
)
from riskmodel.datasets.without_line import find_without_line
from riskmodel.errors import DataError
from riskmodel.features.catalogue import DEFINITIONS
from riskmodel.features.spec import FeatureDefinition
from riskmodel.settings import DatasetsSettings
from riskmodel.sources import Source

REASONS = {
    "no_line": "no line at the as-of date",
    "already_in_default": "already in default at the as-of date",
    "not_mature": "the horizon is not over by the end of the data",
    "short_watch": "of a date watched for less than the others' typical time to default",
    "no_label": "the label is null",
    "other_horizon": "labelled over another horizon than most",
    "after_run": "watched from a day after the run's date",
}


@dataclass(frozen=True)
class Population:
    """Labelled rows and rows to score.

    `labelled`: enterprise_id, as_of, defaulted, label_known_on. `scored`: enterprise_id, as_of.
    `exclusions`: reason, text, rows, enterprises, purpose. `horizon_months` is None for labels
    that say "ever, as far as seen". `without_line`: see `find_without_line`.
    """

    kind: str
    labelled: pd.DataFrame
    scored: pd.DataFrame
    exclusions: pd.DataFrame
    horizon_months: int | None
    without_line: pd.DataFrame

    @property
    def outcome(self) -> str:
        """The outcome in words, as every report names it."""
        if self.horizon_months is None:
            return "default ever, as far as the source saw"
        unit = "month" if self.horizon_months == 1 else "months"
        return f"default within {self.horizon_months} {unit}"


def find_last_as_of(source: Source, settings: DatasetsSettings) -> date:
    """The last day that the bulk of every table answers for: the run's date where it is "auto"."""
    return last_day(source, settings, resolve_population(source, settings)).day


def resolve_population(source: Source, settings: DatasetsSettings) -> str:
    """The population: as set, or by what the source holds."""
    kind = settings.population
    has_lines = source.has("lines") and source.has("line_months")
    if kind == "auto":
        kind = "lines" if has_lines else "outcomes"
    needed = {"outcomes": ["outcomes"], "applicants": ["applications", "lines", "line_months"]}
    for table in needed.get(kind, ["lines", "line_months"]):
        if not source.has(table):
            raise DataError(
                f"datasets.population = '{kind}' needs {table}, which the source lacks."
                " Choose another population, or bring the table."
            )
    return kind


def population(
    source: Source,
    settings: DatasetsSettings,
    as_of: date,
    definitions: Iterable[FeatureDefinition] = DEFINITIONS,
) -> Population:
    """Labelled rows up to the run's date, rows to score on it, and who was left out and why.

    `features` are the features, whose windows the histories must cover: see `find_observation_starts`.
    """
    kind = resolve_population(source, settings)
    day = pd.Timestamp(as_of)
    horizon: int | None = settings.horizon_months
    watch = ""
    if kind == "outcomes":
        labels, horizon, watch = _outcome_labels(current_rows(source, "outcomes"), settings, day)
    else:
        rows = (
            _line_rows(source, settings, day) if kind == "lines" else _application_rows(source, day)
        )
        labels = _by_event(rows, source, settings)
    begun = find_observation_starts(source, settings, kind, definitions)
    short = _short_histories(labels, begun)
    if len(short):
        begun = find_observation_starts(
            source, settings.with_values({"as_of_dates.min_history_share": 0.0}), kind, definitions
        )
    labels = _without_early(labels, begun)
    labelled = labels[labels["reason"] == ""].drop(columns="reason")
    labelled = labelled.astype({"defaulted": bool}).sort_values(["enterprise_id", "as_of"])
    scored = _to_score(source, settings, day, labelled)
    texts = REASONS | {one.reason: one.text for one in begun}
    texts |= {"short_watch": f"{REASONS['short_watch']}: {watch}"}
    return Population(
        kind,
        labelled.reset_index(drop=True),
        scored,
        pd.concat(
            [
                _exclusions(labels, texts, _known_defaults(source, settings, scored)),
                _early_grants(source, begun),
                short,
                _unequal_watch(labels, watch),
            ],
            ignore_index=True,
        ),
        horizon,
        find_without_line(labels, source, settings, day),
    )


def _short_histories(labels: pd.DataFrame, begun: Sequence[ObservationStart]) -> pd.DataFrame:
    """The rows that are kept although no date of a row has the stated share of history, counted;
    none where some date has it."""
    rows = labels.loc[labels["reason"] == ""]
    early = find_early_dates(rows["as_of"], begun)
    kept = rows if len(rows) and early.eq(HISTORIES).all() else rows.iloc[:0]
    words = "; no date has more, so those with any history are kept"
    found = [
        ("kept", one.reason, f"{one.text}{words}", len(kept), kept["enterprise_id"].nunique())
        for one in begun
        if one.reason == HISTORIES and len(kept)
    ]
    return _tabulate_exclusions(found)


def _unequal_watch(labels: pd.DataFrame, text: str) -> pd.DataFrame:
    """The rows that are kept although their dates were watched for unequal lengths, counted."""
    kept = labels.loc[labels["reason"] == "", "enterprise_id"]
    if not text or (labels["reason"] == "short_watch").any():
        return _tabulate_exclusions([])
    return _tabulate_exclusions([("kept", "short_watch", text, len(kept), kept.nunique())])


def _without_early(labels: pd.DataFrame, begun: Sequence[ObservationStart]) -> pd.DataFrame:
    """The rows, those of dates before the data begin with that reason (unless without a line)."""
    early = find_early_dates(labels["as_of"], begun).where(labels["reason"] != "no_line", "")
    reason = labels["reason"].mask(early != "", early)
    check_some_date_remains(reason, begun)
    return labels.assign(reason=reason)


def _early_grants(source: Source, begun: Sequence[ObservationStart]) -> pd.DataFrame:
    """Past lines from which the limits do not learn, since they were granted too early."""
    lines = current_rows(source, "lines")
    early = find_early_dates(pd.to_datetime(lines["granted_on"]), begun)
    rows = [
        ("limits", one.reason, f"past lines: {one.text}", len(ids), ids.nunique())
        for one in begun
        if len(ids := lines.loc[early == one.reason, "enterprise_id"])
    ]
    return _tabulate_exclusions(rows)


def _tabulate_exclusions(rows: Sequence[tuple[str, str, str, int, int]]) -> pd.DataFrame:
    """Lines of `exclusions`: purpose, reason, text, rows, enterprises."""
    kinds = dict.fromkeys(("purpose", "reason", "text"), "str")
    kinds |= dict.fromkeys(("rows", "enterprises"), "int64")
    return pd.DataFrame(list(rows), columns=list(kinds)).astype(kinds)


def _outcome_labels(
    outcomes: pd.DataFrame, settings: DatasetsSettings, day: pd.Timestamp
) -> tuple[pd.DataFrame, int | None, str]:
    """Labels that the source gives itself, each with the reason for leaving it out, or none; their
    horizon, and what is said of dates watched for unequal lengths."""
    if outcomes.empty:
        raise DataError("outcomes: no rows, so nothing to learn from. Bring labels.")
    months_given = _column(outcomes, "horizon_months", "Float64").fillna(-1)
    most = months_given.mode().max()
    spans = months_given.where(months_given > 0, settings.horizon_months)
    since = pd.to_datetime(_column(outcomes, "defaulted_on", "datetime64[us]"))
    defaulted = _column(outcomes, "defaulted", "boolean")
    ever = months_given.eq(-1)
    bad, ends = defaulted.fillna(False).astype(bool), _ends(outcomes["as_of"], spans)
    min_share = settings.as_of_dates.min_month_share
    mature = is_horizon_over(outcomes, bad, ends, min_share) | (
        ever & (settings.default_definition.label_maturity == "any")
    )
    _refuse_unwatched(ever, mature, settings)
    reason = pd.Series("", index=outcomes.index)
    reason = reason.mask(defaulted.isna(), "no_label").mask(~mature, "not_mature")
    reason = reason.mask(since < outcomes["as_of"], "already_in_default")
    reason = reason.mask(months_given != most, "other_horizon")
    reason = reason.mask(outcomes["as_of"] > day, "after_run")
    until = outcomes["observed_until"]
    labels = outcomes[["enterprise_id", "as_of"]].assign(
        defaulted=bad,
        label_ends_on=ends,
        label_known_on=until.mask(ever & bad, since.fillna(until)),
        reason=reason,
    )
    if most != -1:
        return labels, int(most), ""
    watched = labels.assign(observed_until=until, defaulted_on=since)[reason == ""]
    found = find_short_watch(watched, settings.horizon_months, min_share)
    short = found.short.reindex(labels.index, fill_value=False)
    return labels.assign(reason=reason.mask(short, "short_watch")), None, found.text


def _refuse_unwatched(ever: pd.Series, mature: pd.Series, settings: DatasetsSettings) -> None:
    """Raise `DataError` where all labels are without a horizon, and none is watched long enough."""
    if ever.all() and not mature.any():
        raise DataError(
            f"outcomes: all {len(ever):,} labels are without a horizon and watched for less than the"
            f" {settings.horizon_months} months in force. Shorten datasets.horizon_months, or take"
            ' the labels as they are: datasets.default_definition.label_maturity = "any".'
        )


def _ends(starts: pd.Series, spans: pd.Series) -> pd.Series:
    """The day after each horizon."""
    ends = starts.copy()
    for span in spans[spans > 0].unique():
        ends = ends.mask(spans == span, months.shifted_days(starts, int(span)))
    return ends


def _column(frame: pd.DataFrame, name: str, dtype: str) -> pd.Series:
    """An optional column; all null where it is absent."""
    if name in frame:
        return frame[name].astype(dtype)  # type: ignore[call-overload, no-any-return]
    return pd.Series(pd.NA, index=frame.index).astype(dtype)  # type: ignore[call-overload, no-any-return]


def _line_rows(source: Source, settings: DatasetsSettings, day: pd.Timestamp) -> pd.DataFrame:
    """Every enterprise at every as-of date since the first grant, with whether it has a line."""
    lines = current_rows(source, "lines")
    if lines.empty:
        raise DataError("lines: no rows, so nothing to learn from. Bring lines or outcomes.")
    dates, back = [day], 0
    while dates[-1] > lines["granted_on"].min():
        back += settings.as_of_dates.step_months
        dates.append(day - pd.DateOffset(months=back))
    grid = source.frame("enterprises")[["enterprise_id"]].drop_duplicates()
    grid = grid.merge(pd.DataFrame({"as_of": sorted(dates)}), how="cross")
    versions = source.frame("lines"), source.frame("line_months")
    open_pairs = pd.concat([_open(*versions, as_of, source.timezone) for as_of in dates])
    grid = grid.merge(
        open_pairs.assign(has_line=True), how="left", on=["enterprise_id", "as_of"], validate="1:1"
    )
    return grid.assign(reason=grid["has_line"].isna().map({True: "no_line", False: ""}))


def _open(
    lines: pd.DataFrame, states: pd.DataFrame, as_of: pd.Timestamp, timezone: str
) -> pd.DataFrame:
    """Enterprises with a line at the date, as known then: granted, and not expired or still drawn.

    `lines` and `states` hold every version, sorted by key and `known_at`.
    """
    lines = _as_known(lines, ["line_id"], as_of, timezone)
    granted = lines[lines["granted_on"] <= as_of]
    expires = pd.to_datetime(_column(granted, "expires_on", "datetime64[us]"))
    expired = granted[expires < as_of]
    states = states[states["line_id"].isin(expired["line_id"])]
    states = states[months.month_ends(states["month"]) < as_of]
    states = _as_known(states, ["line_id", "month"], as_of, timezone)
    last = states.drop_duplicates("line_id", keep="last")
    drawn = last.loc[_column(last, "drawn_cny", "Float64").fillna(0) > 0, "line_id"]
    counted = granted[~granted["line_id"].isin(set(expired["line_id"]) - set(drawn))]
    return counted[["enterprise_id"]].drop_duplicates().assign(as_of=as_of)


def _as_known(
    rows: pd.DataFrame, key: list[str], as_of: pd.Timestamp, timezone: str
) -> pd.DataFrame:
    """The newest version of each row that was known at the start of the day, if not withdrawn."""
    known = rows[rows["known_at"] < months.day_start(as_of.date(), timezone)]
    newest = known.drop_duplicates(key, keep="last")
    return newest[~newest["withdrawn"]]


def _application_rows(source: Source, day: pd.Timestamp) -> pd.DataFrame:
    """Every application up to the run's date, once an enterprise and day."""
    asked = current_rows(source, "applications").rename(columns={"applied_on": "as_of"})
    asked = asked[asked["as_of"] <= day][["enterprise_id", "as_of"]].drop_duplicates()
    return asked.assign(reason="").reset_index(drop=True)


def _by_event(rows: pd.DataFrame, source: Source, settings: DatasetsSettings) -> pd.DataFrame:
    """Labels by the contract's default rule: defaulted within the horizon that begins at `as_of`."""
    events = default_dates(source, settings)
    on = events.reindex(rows["enterprise_id"]).set_axis(rows.index)
    ends = months.shifted_days(rows["as_of"], settings.horizon_months)
    reason = rows["reason"].mask(
        (rows["reason"] == "") & (ends > observed_until(source) + pd.Timedelta(days=1)),
        "not_mature",
    )
    reason = reason.mask((reason != "no_line") & (on < rows["as_of"]), "already_in_default")
    return rows[["enterprise_id", "as_of"]].assign(
        defaulted=(on >= rows["as_of"]) & (on < ends),
        label_ends_on=ends,
        label_known_on=ends,
        reason=reason,
    )


def _to_score(
    source: Source, settings: DatasetsSettings, day: pd.Timestamp, labelled: pd.DataFrame
) -> pd.DataFrame:
    """Enterprises of the register at the run's date; only those without a label if so set."""
    known = current_rows(source, "enterprises")["enterprise_id"].sort_values()
    if settings.scoring_population == "unlabelled":
        known = known[~known.isin(labelled["enterprise_id"])]
    return pd.DataFrame({"enterprise_id": known.to_numpy(), "as_of": day})


def _known_defaults(
    source: Source, settings: DatasetsSettings, scored: pd.DataFrame
) -> pd.DataFrame:
    """Rows to score whose default is known already: refused by the rules, and counted here."""
    if not (source.has("line_months") or source.has("bank_records")):
        return scored.iloc[:0]
    return scored[scored["enterprise_id"].isin(default_dates(source, settings).index)]


def _exclusions(
    labels: pd.DataFrame, texts: Mapping[str, str], known_defaults: pd.DataFrame
) -> pd.DataFrame:
    out = labels[labels["reason"] != ""].groupby("reason")["enterprise_id"]
    counts = out.agg(rows="size", enterprises="nunique").reset_index()
    counts = counts.assign(text=counts["reason"].map(texts), purpose="fit")
    scoring = pd.DataFrame(
        {
            "reason": ["already_in_default"],
            "rows": [len(known_defaults)],
            "enterprises": [known_defaults["enterprise_id"].nunique()],
            "text": ["known to be in default at the run's date: scored, and refused by the rules"],
            "purpose": ["score"],
        }
    )
    return pd.concat([counts, scoring], ignore_index=True)[
        ["purpose", "reason", "text", "rows", "enterprises"]
    ]
