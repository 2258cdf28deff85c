"""A fit of boosted rounds, scored on held-out rows as far as any round."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class StagedFit:
    """A fit scored on held-out rows: the loss after each round, and the scores after any number.

    `curve` is the loss of what the fit itself looks at, early delinquency too. `score` returns
    log-odds of the held-out rows after so many rounds. `work` is what the fit takes, in seconds of
    a usual core: counted, not timed, so that it is the same everywhere.
    """

    curve: Array
    score: Callable[[int], Array]
    work: float = 0.0
