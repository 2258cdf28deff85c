"""The verdict: pass, pass with conditions, or fail."""

from dataclasses import dataclass

import pandas as pd

from riskmodel.errors import SettingsError
from riskmodel.settings import ValidateSettings
from riskmodel.validate.checks import CHECKS


@dataclass(frozen=True)
class Verdict:
    """`word`: pass, pass with conditions, fail. Failed checks that the experiment conceded
    beforehand are conditions; any other failure fails the model."""

    word: str
    failed: tuple[str, ...]
    conditions: tuple[str, ...]

    @property
    def publishable(self) -> bool:
        """True where limits may be published without an override."""
        return self.word != "fail"

    @property
    def text(self) -> str:
        """The verdict in one line."""
        if self.failed:
            return f"fail: {', '.join(self.failed)}"
        return self.word + (f": {', '.join(self.conditions)}" if self.conditions else "")


def reach_verdict(checks: pd.DataFrame, settings: ValidateSettings) -> Verdict:
    """Reach the verdict on the checks; `SettingsError` where a condition names no check."""
    unknown = sorted(set(settings.conditions) - set(CHECKS))
    if unknown:
        raise SettingsError(
            f"validate.conditions: no check is called {unknown[0]}. Known: {', '.join(CHECKS)}."
        )
    failed = checks.loc[~checks["passed"], "check"]
    conceded = failed.isin(settings.conditions)
    hard, soft = tuple(failed[~conceded]), tuple(failed[conceded])
    word = "fail" if hard else "pass with conditions" if soft else "pass"
    return Verdict(word, hard, soft)
