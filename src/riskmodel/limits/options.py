"""What may be chosen, and the choice as a problem: one option an enterprise, under rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
NONE = -1


@dataclass(frozen=True)
class Options:
    """What may be chosen: arrays of enterprises x banks x levels.

    `uses` has a measure in front (limit, expected loss, ...), `capacity` is measures x banks.
    Options that are not `allowed` are never chosen, nor are those without profit.
    """

    value: Floats
    uses: Floats
    allowed: Flags
    capacity: Floats


@dataclass(frozen=True)
class Problem:
    """The choice over enterprises x (bank, level), without those that have no open option.

    `whole` are the uses rounded up to a power of two far below the capacity, so that sums are
    exact in any order; `room` is the capacity rounded down likewise.
    """

    value: Floats
    uses: Floats
    whole: Floats
    capacity: Floats
    room: Floats
    bank: Ints

    @classmethod
    def of(cls, options: Options, rows: Flags, kept: Ints) -> "Problem":
        """The open options, flattened; closed ones are worth minus infinity and use nothing."""
        _, banks, levels = options.value.shape
        open_rows = rows[kept].reshape(len(kept), -1)
        value = options.value[kept].reshape(open_rows.shape)
        uses = options.uses[:, kept].reshape(len(options.uses), *open_rows.shape)
        uses = np.where(open_rows, uses, 0.0)
        bank = np.repeat(np.arange(banks), levels)
        quantum = _quantum(options.capacity)
        grain = quantum[:, bank][:, None, :]
        return cls(
            value=np.where(open_rows, value, -np.inf),
            uses=uses,
            whole=np.ceil(uses / grain) * grain,
            capacity=options.capacity,
            room=np.floor(options.capacity / quantum) * quantum,
            bank=bank,
        )

    def reduced(self, prices: Floats) -> Floats:
        """Each option's value net of what it uses at these prices."""
        net: Floats = self.value - (prices[:, self.bank][:, None, :] * self.uses).sum(axis=0)
        return net

    def bound(self, prices: Floats) -> float:
        """The dual's exact value: no allocation is worth more."""
        best = np.maximum(self.reduced(prices).max(axis=1), 0.0)
        return float(best.sum() + (prices * self.capacity).sum())

    def worth(self, choice: Ints) -> float:
        """The value of a choice of one option (or none) an enterprise."""
        taken = np.flatnonzero(choice >= 0)
        return float(self.value[taken, choice[taken]].sum())

    def usage(self, choice: Ints, uses: Floats) -> Floats:
        """What the choice uses, measures x banks."""
        taken = np.flatnonzero(choice >= 0)
        spot = self.bank[choice[taken]]
        amounts = uses[:, taken, choice[taken]]
        banks = self.capacity.shape[1]
        return np.stack([np.bincount(spot, amount, banks) for amount in amounts])


def open_options(options: Options) -> Flags:
    """Options that are allowed, earn something, and alone break no row."""
    fits = (options.uses <= options.capacity[:, None, :, None]).all(axis=0)
    return np.asarray(options.allowed & fits & (options.value > 0))


def _quantum(capacity: Floats) -> Floats:
    size = np.where(capacity > 0, capacity, 1.0)
    quantum: Floats = np.exp2(np.floor(np.log2(size)) - 36)
    return quantum
