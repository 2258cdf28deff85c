"""Sizes of boosted trees: what "auto" stands for, by the number of defaults."""

from typing import Any

from riskmodel.settings import TreesSettings

NAMES = (
    "learning_rate",
    "num_leaves",
    "max_depth",
    "min_child_samples",
    "subsample",
    "colsample",
    "l2",
)
SIZES: dict[int, tuple[float, int, int, int, float, float, float]] = {
    0: (0.03, 4, 2, 60, 0.7, 0.3, 10.0),
    150: (0.03, 8, 4, 60, 0.7, 0.5, 10.0),
    400: (0.04, 16, 6, 20, 0.8, 0.5, 3.0),
    3_000: (0.05, 31, 12, 20, 0.8, 0.6, 2.0),
    12_000: (0.06, 63, 16, 20, 0.8, 0.7, 1.0),
}
"""Values of `NAMES` by the fewest defaults (or rows without, if those are rarer) that bear them.

More defaults bear larger trees of smaller leaves, which take larger steps in less time. Tuning
tries the other sizes too: this only says where it begins."""


def resolve_size(settings: TreesSettings, rarer: float) -> TreesSettings:
    """Return the settings with numbers for "auto", where the rarer outcome has so many rows."""
    own = SIZES[max(least for least in SIZES if rarer >= least)]
    usual = dict(zip(NAMES, own, strict=True))
    return settings.with_values(
        {name: value for name, value in usual.items() if settings.value(name) == "auto"}
    )


def other_sizes(settings: TreesSettings) -> list[dict[str, Any]]:
    """Return the sizes of another number of leaves than the settings', the nearest first."""
    sizes = [dict(zip(NAMES, own, strict=True)) for own in SIZES.values()]
    leaves = int(settings.num_leaves)

    def distance(size: dict[str, Any]) -> float:
        return float(max(size["num_leaves"] / leaves, leaves / size["num_leaves"]))

    return sorted((one for one in sizes if one["num_leaves"] != leaves), key=distance)
