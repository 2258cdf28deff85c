"""The stage `features`: every feature of every enterprise and date that is fitted or scored."""

from riskmodel import datasets as data
from riskmodel import features as feature
from riskmodel.datasets.panel import KEY
from riskmodel.features.profile import Profile, profile
from riskmodel.pipeline.artifacts.datasets import population_of
from riskmodel.pipeline.artifacts.sources import source_of
from riskmodel.runs.run_folder import Run
from riskmodel.runs.stage_inputs import StageInputs
from riskmodel.tables.run.declaration import conform_all
from riskmodel.tables.run.features import TABLES

INPUTS = StageInputs(
    "features",
    settings=(
        "run.as_of",
        "run.threads",
        "features",
        "datasets",
        "validate.max_single_feature_auc",
    ),
    stages=("sources",),
)


def compute_features(run: Run) -> feature.Features:
    """Compute every feature for every enterprise and date that is fitted or scored."""
    run.begin("features")
    source, settings = source_of(run), run.settings
    rows = data.feature_rows(population_of(run, source))
    found = feature.compute(source, rows, settings.features, threads=settings.run.threads)
    attributes = feature.attribute_columns(source)
    run.write(
        "features",
        **conform_all(
            TABLES,
            features=found.frame,
            absent=found.absent,
            dictionary=feature.dictionary(found.definitions),
        ),
    )
    names = [definition.name for definition in found.definitions]
    run.write_json("features", "definitions", {"computed": names, "attributes": attributes})
    return found


def profile_features(run: Run, found: feature.Features) -> Profile:
    """Profile the features on these rows, and rank the known labels by each alone."""
    labelled = population_of(run, source_of(run)).labelled[[*KEY, "defaulted"]]
    joined = found.frame[KEY].merge(labelled, how="left", on=KEY, validate="1:1")
    described = profile(found, joined["defaulted"].astype("boolean"))
    run.write(
        "features",
        **conform_all(
            TABLES,
            profile=described.features,
            rankings=described.periods,
            drift=described.drift,
            default_rates=described.rates,
        ),
    )
    return described
