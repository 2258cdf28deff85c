"""A run's result in a few lines for the terminal."""

from riskmodel.pipeline.chosen import without_rows_text
from riskmodel.pipeline.left_out import left_out_text
from riskmodel.pipeline.publication import headline
from riskmodel.publish.run_folder import Run


def summary(run: Run) -> str:
    """Where the result is, and its headline: enterprises, ranking, calibration, banks, verdict."""
    rows = run.read("limits", "recommendations")
    record = run.read_json("validate", "verdict")
    conditions = f" ({', '.join(record['conditions'])})" if record["conditions"] else ""
    lines = [
        f"run          {run.folder.relative_to(run.root)}",
        f"enterprises  {rows['enterprise_id'].nunique():,} scored as of {run.settings.run.as_of}",
        *(f"{label:<12} {value}" for label, value in headline(run).items()),
        *_limits(run),
        f"verdict      {record['verdict']}{conditions}",
        *_files(run),
        f"notebooks    {run.folder.relative_to(run.root)}/notebooks/*.html",
        f"left out     {left_out_text(run)}",
    ]
    return "\n".join(lines)


def _limits(run: Run) -> list[str]:
    """What the banks get, bank by bank; nothing where nothing is published."""
    by_bank = run.read("publish", "publications")
    if by_bank.empty:
        return []
    gap = run.read_json("limits", "certificate")["gap"]
    return [
        f"limits       {by_bank['limit_cny'].sum():,.0f} CNY to {by_bank['offers'].sum():,.0f}"
        f" enterprises; proven within {gap:.2%} of the best",
        *(
            f"  {line.bank:<20} {line.limit_cny:>15,.0f} CNY  {line.offers:>5,} offers  r{line.revision}"
            for line in by_bank.itertuples()
        ),
    ]


def _files(run: Run) -> list[str]:
    """Where the banks' files are, and who has none."""
    said = run.read_json("publish", "publication")
    if said["nothing_to_publish"]:
        return [f"bank files   none; nothing to publish: {said['nothing_to_publish']}"]
    found = [f"bank files   data/published/<bank>/{run.settings.run.as_of}/"]
    if said["without_rows"]:
        found.append(f"             {without_rows_text(said['without_rows'])}")
    return found
