"""A run's result in a few lines for the terminal."""

from riskmodel.pipeline.bank_exclusions import exclusion_text
from riskmodel.pipeline.model_card import headline
from riskmodel.pipeline.recipients import without_rows_text
from riskmodel.runs.run_folder import Run
from riskmodel.statistics.outward_rounding import format_upper


def summary(run: Run) -> str:
    """Return where the result is, and its headline: enterprises, ranking, calibration, banks, verdict."""
    record = run.read_json("validate", "verdict")
    conditions = f" ({', '.join(record['conditions'])})" if record["conditions"] else ""
    lines = [
        *_model_lines(run),
        *_limits(run),
        f"verdict      {record['verdict']}{conditions}",
        *_files(run),
        _notebooks_line(run),
        f"left out     {exclusion_text(run)}",
    ]
    return "\n".join(lines)


def refusal_summary(run: Run) -> str:
    """The headline of a run whose verdict kept the limits back, and each failed check with its
    figures."""
    checks, record = run.read("validate", "checks"), run.read_json("validate", "verdict")
    failed = checks[checks["check"].isin([*record["failed"], *record["conditions"]])]
    marks = failed["check"].isin(record["failed"]).map({True: "failed", False: "condition"})
    lines = [
        *_model_lines(run),
        f"verdict      {record['verdict']}: {len(record['failed'])} of {len(checks)} checks failed"
        f" that nothing conceded, {len(record['conditions'])} that are conditions",
        *(
            f"  {mark:<10} {name}: {text}"
            for mark, name, text in zip(marks, failed["check"], failed["text"], strict=True)
        ),
        "bank files   none: nothing was published",
        _notebooks_line(run),
    ]
    return "\n".join(lines)


def _limits(run: Run) -> list[str]:
    """Return the lines of what the banks get; nothing where nothing is published."""
    by_bank = run.read("publish", "publications")
    if by_bank.empty:
        return []
    gap = run.read_json("limits", "certificate")["gap"]
    return [
        f"limits       {by_bank['limit_cny'].sum():,.0f} CNY to {by_bank['offers'].sum():,.0f}"
        f" enterprises; proven within {format_upper(gap, '.2%')} of the best",
        *(
            f"  {line.bank:<20} {line.limit_cny:>15,.0f} CNY  {line.offers:>5,} offers  r{line.revision}"
            for line in by_bank.itertuples()
        ),
    ]


def _files(run: Run) -> list[str]:
    """Return the lines of the banks' files, and of banks without one."""
    said = run.read_json("publish", "publication")
    if said["nothing_to_publish"]:
        return [f"bank files   none; nothing to publish: {said['nothing_to_publish']}"]
    found = [f"bank files   data/published/<bank>/{run.settings.run.as_of}/"]
    if said["without_rows"]:
        found.append(f"             {without_rows_text(said['without_rows'])}")
    return found


def _model_lines(run: Run) -> list[str]:
    """Return the lines of the run, its scored enterprises, and the model on the test rows."""
    scored = run.read("limits", "recommendations")["enterprise_id"].nunique()
    return [
        f"run          {run.folder.relative_to(run.root)}",
        f"enterprises  {scored:,} scored as of {run.settings.run.as_of}",
        *(f"{label:<12} {value}" for label, value in headline(run).items()),
    ]


def _notebooks_line(run: Run) -> str:
    return f"notebooks    {run.folder.relative_to(run.root)}/notebooks/*.html"
