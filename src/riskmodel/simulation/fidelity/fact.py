"""A fact of the fidelity report: a measure and its target range."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan

from riskmodel.simulation.fidelity.measure import Measurement, TooFewCasesError
from riskmodel.simulation.fidelity.tables import Tables


@dataclass(frozen=True)
class Fact:
    """One declared fact.

    `target` is the range that the measured figure must keep, the tolerance included; `source` is
    who published it, or "proposal" for a choice of engineering; `note` is how it is measured.
    """

    name: str
    unit: str
    target: tuple[float, float]
    source: str
    measure: Callable[[Tables], Measurement]
    note: str

    def row(self, tables: Tables, family: str) -> dict[str, object]:
        """Return the fact's row of the report; not a number, with the reason, where it is too thin."""
        found, note = Measurement(float("nan")), self.note
        try:
            found = self.measure(tables)
        except TooFewCasesError as thin:
            note = f"not measured: {thin}. {self.note}"
        return {
            "fact": self.name,
            "family": family,
            "unit": self.unit,
            "measured": found.figure,
            "low": found.low,
            "high": found.high,
            "target_low": self.target[0],
            "target_high": self.target[1],
            "source": self.source,
            "passed": self._reaches_target(found),
            "note": note,
        }

    def _reaches_target(self, found: Measurement) -> bool:
        """Return whether the measured figure's interval reaches the target range."""
        low = found.figure if isnan(found.low) else min(found.low, found.figure)
        high = found.figure if isnan(found.high) else max(found.high, found.figure)
        return bool(low <= self.target[1] and high >= self.target[0])
