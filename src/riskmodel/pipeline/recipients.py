"""The banks that a run publishes to: those that it names, as far as anybody has signed with them."""

from collections.abc import Sequence

from riskmodel.pipeline.artifacts.sources import source_of
from riskmodel.pipeline.artifacts.terms import banks_of
from riskmodel.pipeline.bank_exclusions import exclusion_text
from riskmodel.runs.run_folder import Run


def recipient_banks(run: Run) -> tuple[str, ...]:
    """The banks that this run publishes to: those named on the command line, or all."""
    named = run.record().get("banks") or []
    return tuple(dict.fromkeys(named)) or banks_of(run).names


def banks_with_rows(run: Run) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The chosen banks that have rows in the book, and those that have none."""
    there = set(run.read("limits", "recommendations")["bank"])
    chosen = recipient_banks(run)
    return tuple(b for b in chosen if b in there), tuple(b for b in chosen if b not in there)


def nothing_to_publish(run: Run) -> str:
    """Say why no chosen bank has a row."""
    book = run.read("limits", "recommendations")
    left = run.read_json("limits", "excluded_banks")
    if book.empty:
        return "no enterprise is scored"
    if (book["bank"] != "").any():
        return "no scored enterprise has an agreement in force with " + ", ".join(
            recipient_banks(run)
        )
    if not source_of(run).has("agreements"):
        return "the source has no agreements, so no enterprise has signed with a bank"
    if left["agreements"]:
        return exclusion_text(run)
    return f"no scored enterprise has an agreement in force on {run.settings.run.as_of}"


def without_rows_text(banks: Sequence[str]) -> str:
    """The banks that are given no file, by name."""
    return f"no file for {', '.join(banks)}: no scored enterprise has an agreement in force there"
