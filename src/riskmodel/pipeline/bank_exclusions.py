"""Agreements with banks that have no terms: refused, or left out by name and counted."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from riskmodel.errors import SettingsError
from riskmodel.limits import Banks
from riskmodel.runs.run_folder import Run
from riskmodel.settings import Settings

NAMED = 20
"""So many banks are named in a message."""


@dataclass(frozen=True)
class BankExclusions:
    """Agreements in force with banks that the experiment leaves out: their count by bank, and the
    enterprises that have signed with no other bank."""

    by_bank: dict[str, int]
    enterprises: tuple[str, ...]

    @property
    def agreements(self) -> int:
        """The agreements of all these banks."""
        return sum(self.by_bank.values())

    def record(self) -> dict[str, Any]:
        """Counts alone, as a run keeps them."""
        counts = {"agreements": self.agreements, "enterprises": len(self.enterprises)}
        return {**counts, "by_bank": self.by_bank}


def refuse_unknown_banks(signed: pd.DataFrame, banks: Banks, settings: Settings) -> None:
    """`SettingsError` that names each bank of an agreement that has neither terms nor leave.

    `signed`: enterprise_id, bank of the agreements in force.
    """
    named = settings.limits.exclude_banks
    both = [bank for bank in named if bank in banks.names]
    if both:
        raise SettingsError(
            f"limits.exclude_banks: {', '.join(both)} stands in {settings.limits.banks}. Take it"
            " out of one of the two."
        )
    strange = signed.loc[~signed["bank"].isin([*banks.names, *named]), "bank"]
    if len(strange):
        counts = strange.value_counts().sort_index()
        words = ", ".join(f"{bank} ({count:,})" for bank, count in counts.head(NAMED).items())
        more = f" and {len(counts) - NAMED:,} more banks" if len(counts) > NAMED else ""
        raise SettingsError(
            f"{settings.limits.banks}: {len(strange):,} of {len(signed):,} agreements in force are"
            f" with {len(counts):,} banks that have no row: {words}{more}. Add a [[bank]] row each,"
            " or name them in limits.exclude_banks."
        )


def count_exclusions(signed: pd.DataFrame, banks: Banks) -> BankExclusions:
    """Count the agreements in force with banks without terms."""
    has_terms = signed["bank"].isin(banks.names)
    counts = signed.loc[~has_terms, "bank"].value_counts().sort_index()
    only = sorted(
        {*signed.loc[~has_terms, "enterprise_id"]} - {*signed.loc[has_terms, "enterprise_id"]}
    )
    by_bank = {str(bank): int(count) for bank, count in counts.items()}
    return BankExclusions(by_bank, tuple(str(one) for one in only))


def exclusion_text(run: Run) -> str:
    """Return a sentence of what a run left out, bank by bank."""
    found = run.read_json("limits", "excluded_banks")
    if not found["agreements"]:
        return "no agreement in force is with a bank that is left out"
    words = ", ".join(f"{bank} ({count:,})" for bank, count in found["by_bank"].items())
    return (
        f"{found['agreements']:,} agreements in force with banks that this run leaves out: {words};"
        f" {found['enterprises']:,} enterprises have signed with no other bank"
    )
