"""A run's result in a few lines for the terminal."""

from riskmodel.pipeline.publication import headline
from riskmodel.publish.run_folder import Run


def summary(run: Run) -> str:
    """Where the result is, and its headline: enterprises, ranking, calibration, banks, verdict."""
    rows = run.read("limits", "recommendations")
    by_bank = run.read("publish", "publications")
    record = run.read_json("validate", "verdict")
    conditions = f" ({', '.join(record['conditions'])})" if record["conditions"] else ""
    proof = run.read_json("limits", "certificate")
    lines = [
        f"run          {run.folder.relative_to(run.root)}",
        f"enterprises  {rows['enterprise_id'].nunique():,} scored as of {run.settings.run.as_of}",
        *(f"{label:<12} {value}" for label, value in headline(run).items()),
        f"limits       {by_bank['limit_cny'].sum():,.0f} CNY to {by_bank['offers'].sum():,.0f}"
        f" enterprises; proven within {proof['gap']:.2%} of the best",
        *(
            f"  {line.bank:<20} {line.limit_cny:>15,.0f} CNY  {line.offers:>5,} offers  r{line.revision}"
            for line in by_bank.itertuples()
        ),
        f"verdict      {record['verdict']}{conditions}",
        f"bank files   data/published/<bank>/{run.settings.run.as_of}/",
        f"notebooks    {run.folder.relative_to(run.root)}/notebooks/*.html",
    ]
    if proof["pairs_at_banks_without_terms"]:
        lines.append(
            f"left out     {proof['pairs_at_banks_without_terms']:,} agreements with banks that have"
            " no row in banks.toml"
        )
    return "\n".join(lines)
