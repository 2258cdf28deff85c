"""The profile of the features: what is known, how it drifts, and how each alone ranks defaults.

Nothing is fitted and no model reads it: it describes the rows that are at hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskmodel.features.bins import default_rates
from riskmodel.features.catalogue import family_texts
from riskmodel.features.drift import drift, largest_drift
from riskmodel.features.engine import Features
from riskmodel.features.ranking import COVERAGE, WHOLE, flip_auc, rankings
from riskmodel.features.spec import FeatureDefinition
from riskmodel.statistics.outward_rounding import format_interval


@dataclass(frozen=True)
class Profile:
    """Profile of the features on their rows, and on the labelled ones among them.

    `features`, one row a feature: feature, family, unit, risk, use (model, rules); known_share of all rows;
    rows and defaults (labelled, value known); auc with low and high; found (rises, falls, unclear);
    agreement with the declared risk (agrees, disagrees, undecided, undeclared); drift, the largest
    stability index of a later date's labelled rows, on drifted_on, with what it stays below
    by_chance, the values known_before (in the first year) and known_then; drift_to_scored.
    `periods`: the ranking by half-year of the as-of date.
    `drift`: as the function gives it, with family and use. `bands`: feature, family, unit, as_of,
    labelled, low, middle, high: tenth, fiftieth and ninetieth percentile by date of one number a
    family, the one for a model that drifted most. `rates`: as `bins.default_rates` gives them. All in
    the order of the families, whose words are `texts`.
    """

    features: pd.DataFrame
    periods: pd.DataFrame
    drift: pd.DataFrame
    bands: pd.DataFrame
    rates: pd.DataFrame
    texts: Mapping[str, tuple[str, str]]

    @property
    def families(self) -> pd.DataFrame:
        """family, meaning, zh, features, known_share."""
        by_family = self.features.groupby("family", sort=False)["known_share"]
        shares = by_family.agg(cards="size", known_share="mean").reset_index()
        words = shares["family"].map(self.texts)
        return shares.assign(meaning=words.str[0], zh=words.str[1])[
            ["family", "meaning", "zh", "cards", "known_share"]
        ]

    @property
    def strongest(self) -> pd.DataFrame:
        """feature, family, risk, found, strength, low, high, rows, defaults: best ranking first.

        `strength` is the AUC in the direction in which it is above one half.
        """
        ranked = self.features.dropna(subset=["auc"])
        best = flip_auc(ranked, ranked["auc"] < 0.5).rename(columns={"auc": "strength"})
        best = best.sort_values("strength", ascending=False, kind="stable", ignore_index=True)
        words, numbers = ["feature", "family", "risk", "found"], ["strength", "low", "high"]
        return best[[*words, *numbers, "rows", "defaults"]]

    @property
    def text(self) -> str:
        """Text: how the directions came out, and which feature ranks best alone."""
        best = self.strongest.head(1)
        if best.empty:
            return "No labelled row of both outcomes has a number: nothing can be ranked."
        feature, strength, low, high = best[["feature", "strength", "low", "high"]].iloc[0]
        told = self.features.loc[self.features["auc"].notna(), "agreement"].value_counts()
        agree, against, open_ = (told.get(n, 0) for n in ("agrees", "disagrees", "undecided"))
        declared = agree + against + open_
        between = "no interval" if np.isnan(low) else format_interval(low, high, ".3f")
        return (
            f"Of {declared} numbers with a declared direction {agree} follow it, {against} go"
            f" against it and {open_} are undecided; if none had to do with default,"
            f" {declared * (1 - COVERAGE) / 2:.1f} would go against it by chance. The strongest"
            f" alone is {feature}: AUC {strength:.3f} ({between})."
        )


def profile(features: Features, defaulted: pd.Series) -> Profile:
    """The profile of the features that were computed.

    `defaulted` has the index of `features.frame`: true or false where the label is known, null
    where a row is only scored.
    """
    definitions = _tabulate_definitions(features.definitions)
    known = features.frame[definitions["feature"].tolist()].notna().mean()
    ranked = rankings(features, defaulted)
    moved = drift(features, defaulted.notna())
    whole = ranked["period"] == WHOLE
    described = (
        definitions.assign(known_share=known.to_numpy(float))
        .merge(ranked[whole].drop(columns="period"), how="left", on="feature", validate="1:1")
        .merge(largest_drift(moved), how="left", on="feature", validate="1:1")
        .astype({"rows": "Int64", "defaults": "Int64"})
    )
    return Profile(
        _add_directions(described),
        definitions[["feature", "family"]].merge(ranked[~whole], on="feature", validate="1:m"),
        definitions[["feature", "family", "use"]].merge(moved, on="feature", validate="1:m"),
        _bands(features, defaulted.notna(), described),
        default_rates(features, defaulted),
        family_texts(features.definitions),
    )


def _tabulate_definitions(definitions: tuple[FeatureDefinition, ...]) -> pd.DataFrame:
    """Return the definitions as a table, family by family."""
    places = {family: place for place, family in enumerate(family_texts(definitions))}
    ordered = sorted(definitions, key=lambda feature: places[feature.family])
    lines = [(c.name, c.family, c.unit, c.risk, "model" if c.model else "rules") for c in ordered]
    return pd.DataFrame(lines, columns=["feature", "family", "unit", "risk", "use"])


def _add_directions(described: pd.DataFrame) -> pd.DataFrame:
    """Add the direction found, and whether the feature declares the same."""
    sure = [described["low"] > 0.5, described["high"] < 0.5]
    found = pd.Series(np.select(sure, ["rises", "falls"], "unclear"), described.index)
    risk = described["risk"]
    cases = [risk == "none", found == "unclear", found == risk]
    agreement = np.select(cases, ["undeclared", "undecided", "agrees"], "disagrees")
    return described.assign(found=found, agreement=agreement)


def _bands(features: Features, labelled: pd.Series, described: pd.DataFrame) -> pd.DataFrame:
    """Three percentiles by date of the number of each family that drifted most."""
    numbers = {
        feature.name for feature in features.definitions if feature.model and not feature.category
    }
    moved = described[described["feature"].isin(numbers)].dropna(subset=["drift"])
    keys = [features.frame["as_of"], labelled.rename("labelled")]
    columns = ["feature", "family", "unit", "as_of", "labelled", "low", "middle", "high"]
    tables = [pd.DataFrame(columns=columns)]
    for _, feature in moved.loc[moved.groupby("family", sort=False)["drift"].idxmax()].iterrows():
        by_date = features.frame[feature["feature"]].astype("float64").groupby(keys)
        ends = zip(columns[-3:], (0.1, 0.5, 0.9), strict=True)
        table = pd.DataFrame({name: by_date.quantile(share) for name, share in ends})
        tables.append(table.reset_index().assign(**feature[columns[:3]])[columns])
    return pd.concat(tables[1:] or tables, ignore_index=True)
