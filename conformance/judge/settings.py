"""How sure a verdict on shares has to be."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSettings:
    """Error rates of the tests on a split. docs/statistics.md derives what follows from them."""

    alpha: float = 1e-6
    """Largest probability of failing a split whose calls have exactly the expected shares. 0 to 1, for all
    backends together. So small because a run judges many splits, and a wrong FAILED costs trust in all."""
    beta: float = 1e-3
    """Largest probability of passing a split in which one share is off by *distance* or more. 0 to 1."""
    distance: float = 0.05
    """The smallest deviation of a share that has to be found. Unit: fraction of all calls. A choice of ours,
    as the text sets no tolerance: more than rounding to whole percent, less than any swap that matters."""
    fold: float = 10.0
    """Besides, a share is told from one this many times smaller or larger, where that is nearer than
    *distance*: a backend with weight 1 of 1000 that gets nothing, or one percent, is found. Above 1."""
    leak: float = 0.01
    """A workload that should get nothing and gets at least this fraction of all calls is found. 0 to 1. The
    same holds for one that should be seen and has no stated share."""
    patience: float = 2.0
    """A test ends INCONCLUSIVE after this many times the calls that a test of fixed size with the same error
    rates takes. Above 1, without unit; at 2, exact shares end so with a probability below *alpha*."""
