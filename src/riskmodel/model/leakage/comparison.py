"""Comparison of each strong or much used column with a model of all others."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from riskmodel.model.leakage.incremental import (
    auc_gain,
    combined_auc,
    find_partner,
    most_used_columns,
)
from riskmodel.model.leakage.looked_at import LookedAt, Suspect, decide
from riskmodel.model.leakage.screening import is_rewritten, measure_tie
from riskmodel.statistics.discrimination import clustered_auc

Array = npt.NDArray[np.float64]

USUAL_AUC = 0.8
"""Of a model of all others, for which `max_excess_lift` is stated."""
ORIGINS = {
    "outcome": "; the outcome alone explains how it goes with them",
    "others": "; they tell of it beyond the outcome, as of an honest column",
    "unknown": "; too little is known of the others to tell where it comes from",
    "rewritten": "; they tell of it among non-defaulters alone, as if it was written over",
}


def compare_columns(looked: LookedAt, taken: Iterable[str]) -> dict[str, Suspect]:
    """Find the columns that came as they stand and rank as no honest one could, the weakest first.

    What is honest joins the others; what is not must not hide the next one. `taken`: columns that
    are leaks already.
    """
    comparison = _Comparison(looked, [name for name in looked.names if name not in {*taken}])
    cleared = looked.leakage.allowlist
    asked = comparison.choose_asked()
    comparison.others = [name for name in comparison.names if name not in asked]
    for name in sorted(asked, key=lambda n: (n not in cleared, looked.ranked[n].auc, n)):
        comparison.ask(name)
    # What too few others told of may be told by all that are honest, and joins none before.
    for name in [name for name, one in comparison.found.items() if _is_undecided(one)]:
        del comparison.found[name]
        comparison.ask(name)
    # What completed the few that came before may tell nothing beside all that are honest.
    for name in [name for name, one in comparison.found.items() if one.kind == "together"]:
        if comparison.found.pop(name).decision == "cleared":
            comparison.others.remove(name)
        comparison.ask(name)
    comparison.add_partners()
    return comparison.found


@dataclass
class _Comparison:
    """The columns asked so far: those found, and those that joined the others."""

    looked: LookedAt
    names: list[str]
    others: list[str] = field(default_factory=list)
    found: dict[str, Suspect] = field(default_factory=dict)
    scores: dict[tuple[str, ...], Array] = field(default_factory=dict)

    def choose_asked(self) -> set[str]:
        """Choose the given columns that are strong or much used."""
        looked, given = self.looked, self.looked.given & {*self.names}
        bound = (
            looked.leakage.min_watch_auc
            if looked.enough
            else looked.settings.validate_.max_single_feature_auc
        )
        strong = {name for name in given if looked.ranked[name].auc > bound}
        if not looked.enough:
            return strong
        return strong | most_used_columns(looked.rows, self.names, given, looked.labelled)

    def ask(self, name: str) -> None:
        """Compare one column with the others; it joins them if it is no leak."""
        one = _check_rank(self, name)
        if one is not None:
            self.found[name] = one
        if one is None or one.decision == "cleared" or _is_honest(one):
            self.others.append(name)

    def predict(self, names: list[str]) -> Array:
        """Predict by these columns, once."""
        if tuple(names) not in self.scores:
            self.scores[tuple(names)] = self.looked.predict(names)
        return self.scores[tuple(names)]

    def add_partners(self) -> None:
        """Add what makes a column complete: either may be the one from after the outcome."""
        looked, leakage = self.looked, self.looked.leakage
        for one in [one for one in self.found.values() if one.kind == "together"]:
            name = find_partner(looked.rows, one.feature, self.others, looked.labelled)
            taken = name in self.found and self.found[name].decision != "watched"
            if name in looked.given and not taken and name not in leakage.allowlist:
                reason = f"beside {one.feature}: {one.reason}"
                self.found[name] = replace(
                    one, feature=name, reason=reason, decision=decide(name, leakage)
                )


def _is_honest(one: Suspect) -> bool:
    """True for what is only watched, unless nothing tells where its ranking comes from."""
    return one.decision == "watched" and not _is_undecided(one)


def _is_undecided(one: Suspect) -> bool:
    """True for what ranks too well, where nothing tells whether it is honest."""
    return one.decision == "watched" and one.kind in ("alone", "outranks")


def _check_rank(comparison: _Comparison, name: str) -> Suspect | None:
    """A column that ranks as none should alone, or beside the others, or completes them."""
    looked, others = comparison.looked, comparison.others
    without, one = comparison.predict(others), looked.ranked[name]
    found = _check_lead(looked, name, without)
    if found is None and not looked.enough:
        return None
    if found is None:
        lift = auc_gain(comparison.predict([*others, name]), without, looked.labelled)
        base = clustered_auc(without, looked.labelled.bad, looked.labelled.enterprise).auc
        gain = _Gain(base, *lift)
        found = _check_together(looked, name, gain) or _check_lift(looked, name, gain)
    if found is None or found.kind == "together":
        return found
    origin = _origin(comparison, name, without)
    enough = {"unknown": looked.leakage.min_certain_auc, "others": 1.0}
    leak = one.auc > enough.get(origin, looked.leakage.min_leak_auc)
    decision = decide(name, looked.leakage) if leak else "watched"
    kind = "strong" if origin == "others" and found.kind != "lifts" else found.kind
    return replace(found, kind=kind, reason=found.reason + ORIGINS[origin], decision=decision)


def _origin(comparison: _Comparison, name: str, without: Array) -> str:
    """Find the column's origin by all others, and without the strongest of them: its word alone
    condemns no column unless it is found honest, for it may be the one from after the outcome."""
    looked, others = comparison.looked, comparison.others
    score = looked.ranked[name].score
    if is_rewritten(score, *looked.matrix(others), looked.labelled):
        return "rewritten"
    origin = measure_tie(score, without, looked.labelled).origin
    strongest = max(others, key=lambda other: looked.ranked[other].auc, default="")
    known = comparison.found.get(strongest)
    if origin != "outcome" or (known is not None and known.kind == "strong"):
        return origin
    fewer = comparison.predict([other for other in others if other != strongest])
    return measure_tie(score, fewer, looked.labelled).origin


def _check_lead(looked: LookedAt, name: str, without: Array) -> Suspect | None:
    """A column that alone ranks better than any model should, or than a model of all others."""
    one, leakage = looked.ranked[name], looked.leakage
    threshold = looked.settings.validate_.max_single_feature_auc
    if one.auc > threshold:
        reason = f"ranks {one.auc:.3f} alone"
        return Suspect(name, "alone", reason, one.auc, one.low, one.high, threshold, "")
    ahead, low, high = auc_gain(one.score, without, looked.labelled)
    if not (one.auc > leakage.min_leak_auc and low > leakage.max_auc_lead):
        return None
    reason = f"ranks {one.auc:.3f} alone, {ahead:.3f} above a model of all others"
    return Suspect(name, "outranks", reason, ahead, low, high, leakage.max_auc_lead, "")


@dataclass(frozen=True)
class _Gain:
    """The AUC of all others, and what a column lifts it by, with its interval."""

    base: float
    lift: float
    low: float
    high: float

    @property
    def left(self) -> float:
        """The share left to lift, against `USUAL_AUC`: beside others that rank well less is much."""
        return min(1.0, (1 - self.base) / (1 - USUAL_AUC))


def _check_together(looked: LookedAt, name: str, gain: _Gain) -> Suspect | None:
    """A column that tells together with the others more than both can tell apart."""
    alone, base = looked.ranked[name].auc, gain.base
    own = combined_auc(base, alone) - base
    excess, low, high = (one - own for one in (gain.lift, gain.low, gain.high))
    threshold = looked.leakage.max_excess_lift * gain.left
    if not low > threshold:
        return None
    reason = (
        f"ranks {alone:.3f} alone, all others {base:.3f}, together {base + gain.lift:.3f}:"
        f" {excess:.3f} more than both can tell apart"
    )
    decision = decide(name, looked.leakage)
    return Suspect(name, "together", reason, excess, low, high, threshold, decision)


def _check_lift(looked: LookedAt, name: str, gain: _Gain) -> Suspect | None:
    """A column that lifts a model of all others much."""
    alone, threshold = looked.ranked[name].auc, looked.leakage.max_auc_lift * gain.left
    if not (alone > looked.leakage.min_watch_auc and gain.low > threshold):
        return None
    reason = f"ranks {alone:.3f} alone and lifts a model of all others by {gain.lift:.3f}"
    return Suspect(name, "lifts", reason, gain.lift, gain.low, gain.high, threshold, "")
