"""A run's headline, and the model card in Markdown."""

from riskmodel.pipeline.artifacts.model import champion_of, unknown_values
from riskmodel.runs.run_folder import Run
from riskmodel.statistics.outward_rounding import format_interval


def headline(run: Run) -> dict[str, str]:
    """Return ranking and calibration of the champion on the test rows, as text.

    Where the test rows lack an outcome nothing could be measured: the text says so.
    """
    figures = run.read("validate", "performance")
    name = run.read_json("model", "champion")["name"]
    facts, out_of_fold = run.read_json("datasets", "population"), run.read("model", "out_of_fold")
    mine = figures[(figures["model"] == name) & (figures["split"] == "test")].set_index("metric")
    if mine.empty:
        return {"AUC": "not known: no test rows of both outcomes", "Outcome": str(facts["outcome"])}
    auc, ratio = mine.loc["auc"], mine.loc["realised_to_expected"]
    place = "out of time" if out_of_fold.empty else "out of time and of enterprise"
    place = place if facts["by_time"] else "cross-validated, not out of time"
    return {
        f"AUC ({place})": f"{auc.value:.3f} ({format_interval(auc.low, auc.high, '.3f')})",
        "Realised over expected defaults": f"{ratio.value:.2f} ({format_interval(ratio.low, ratio.high, '.2f')})",
        "Test rows and defaults": f"{auc.rows:,.0f} and {auc.defaults:,.0f}",
        "Outcome": str(facts["outcome"]),
    }


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
        ]
    )
