"""A run's headline, and the model card in Markdown."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from riskmodel.pipeline.artifacts.model import champion_of, unknown_values
from riskmodel.runs.run_folder import Run
from riskmodel.runs.seeds_seen import DESCRIPTIONS
from riskmodel.statistics.outward_rounding import format_interval
from riskmodel.validate.distance import describe_distance
from riskmodel.validate.performance import ELIGIBLE


def headline(run: Run) -> dict[str, str]:
    """Return ranking and calibration of the champion as text: on the test rows of those who may be
    lent to, and on all.

    The ranking of the fit's own dates, cross-validated, stands beside that of later ones. Where
    the test rows lack an outcome nothing could be measured: the text says so. A fictional world is
    named beside the ranking: figures on one that was looked at are no proof.
    """
    figures = run.read("validate", "performance")
    name = run.read_json("model", "champion")["name"]
    facts = run.read_json("datasets", "population")
    mine = figures[figures["model"] == name]
    if not (mine["split"] == "test").any():
        return {"AUC": "not known: no test rows of both outcomes", "Outcome": str(facts["outcome"])}
    place, origin = _place(run, facts), DESCRIPTIONS[run.settings.run.data_origin]
    named = f", {origin.partition(':')[0]}" if origin else ""
    measured = {
        **_figures_of(mine, ELIGIBLE, place, ", those who may be lent to"),
        **_figures_of(mine, "test", place, ""),
    }
    return {
        **{label: f"{x}{named}" if label[:3] == "AUC" else x for label, x in measured.items()},
        **_cross_validated(mine),
        **_beside_scorecard(run.read("validate", "comparisons")),
        "Outcome": str(facts["outcome"]),
        **({"Data": origin} if origin else {}),
    }


def _cross_validated(figures: pd.DataFrame) -> dict[str, str]:
    """The AUC of the fit's own dates, cross-validated, where the test is of later ones."""
    beside = figures[(figures["split"] == "cross_validated") & (figures["metric"] == "auc")]
    name = "AUC (cross-validated on the fit rows)"
    return {} if beside.empty else {name: _format_figure(beside.iloc[0], ".3f")}


def _beside_scorecard(compared: pd.DataFrame) -> dict[str, str]:
    """The champion's lead over the scorecard on the same rows, where one was fitted beside it."""
    whose = {ELIGIBLE: ", those who may be lent to", "test": ""}
    mine = compared[compared["model"] == "scorecard"].sort_values("split")
    return {
        f"AUC ahead of the scorecard (paired){whose[split]}": _format_lead(lead)
        for split, (_, lead) in zip(mine["split"], mine.iterrows(), strict=True)
    }


def _format_lead(row: Any) -> str:
    """A lead in AUC with its interval and the p of its test."""
    return f"{row.auc_ahead:+.3f} ({format_interval(row.low, row.high, '+.3f')}), p {row.p:.2g}"


def _place(run: Run, facts: Mapping[str, Any]) -> str:
    """The independence of the test rows, in words."""
    if not facts["by_time"]:
        return "cross-validated, not out of time"
    both = "" if run.read("model", "out_of_fold").empty else " and of enterprise"
    return f"out of time{both}{', without a gap' if facts['gap'] == 'none' else ''}"


def _format_figure(row: Any, digits: str) -> str:
    """A figure with its interval."""
    return f"{row.value:{digits}} ({format_interval(row.low, row.high, digits)})"


def _figures_of(figures: pd.DataFrame, split: str, place: str, whose: str) -> dict[str, str]:
    """The headline's figures of one split; none where it was not measured apart."""
    mine = figures[figures["split"] == split].set_index("metric")
    if mine.empty:
        return {}
    auc = mine.loc["auc"]
    level = mine.loc["realised_to_expected"]
    return {
        f"AUC ({place}){whose}": _format_figure(auc, ".3f"),
        f"Realised over expected defaults{whose}": _format_figure(level, ".2f"),
        f"Test rows and defaults{whose}": f"{auc.rows:,.0f} and {auc.defaults:,.0f}",
    }


def describe_coverage(run: Run) -> tuple[str, ...]:
    """Describe how far the scored rows lie from the labelled ones, and the ranking beyond these."""
    return describe_distance(run.read("validate", "distance"), run.read("validate", "beyond"))


def model_card(run: Run) -> str:
    """Return the model card in Markdown: outcome, performance, checks, limitations."""
    checks = run.read("validate", "checks")
    lines = [f"| {label} | {value} |" for label, value in headline(run).items()]
    words = [
        f"| {row.check} | {'pass' if row.passed else 'fail'} | {row.text} |"
        for row in checks.itertuples()
    ]
    champion = champion_of(run)
    return "\n".join(
        [
            f"**{champion.name}**: {len(champion.inputs)} features, grades {champion.grades.names}.",
            f"{run.read_json('datasets', 'population')['split']}",
            champion.training_summary,
            *filter(None, [champion.released_summary]),
            "",
            "| figure | value (95 % interval) |",
            "|---|---|",
            *lines,
            "",
            "| check | result | found |",
            "|---|---|---|",
            *words,
            "",
            *(f"- {text}" for text in run.settings.validate_.limitations),
            *(f"- {text}" for text in unknown_values(run, champion.name)),
            *(f"- {text}" for text in describe_coverage(run)),
        ]
    )
