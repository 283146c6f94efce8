"""Which roads are closed, for certain or with some probability."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError


@dataclass(frozen=True, eq=False)
class Closures:
    """Roads closed or slowed. Travel takes them as certain; where they come from chance, ``simulated`` says so.

    Attributes
    ----------
    closed : ndarray of bool, shape (m,)
        Per edge of the network, both directions.
    slowdown : ndarray of float64, shape (m,)
        By how much the travel time of an edge is multiplied, 1 or more.
    source : str
        Who says so.
    simulated : bool
        Whether nobody has seen these closures.
    notes : tuple of str
        What was left out and why: entries that lie off every road, identifiers nobody has.
    """

    closed: np.ndarray
    slowdown: np.ndarray
    source: str
    simulated: bool
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for column, kind in (("closed", np.bool_), ("slowdown", np.float64)):
            array = np.array(getattr(self, column), dtype=kind)
            array.setflags(write=False)
            object.__setattr__(self, column, array)
        if self.closed.shape != self.slowdown.shape or self.closed.ndim != 1:
            raise InputError(f"closed has shape {self.closed.shape}, slowdown {self.slowdown.shape}; both are (m,)")
        if not (self.slowdown >= 1).all() or not np.isfinite(self.slowdown).all():
            raise InputError("a slowdown is 1 or more and finite; a road that cannot be driven is closed")

    @classmethod
    def of_edges(cls, n_edges: int, edges: Sequence[int], *, source: str, simulated: bool = False) -> "Closures":
        """Close the edges of these numbers."""
        closed = np.zeros(n_edges, bool)
        numbers = np.asarray(edges, np.int64)
        if len(numbers) and (numbers.min() < 0 or numbers.max() >= n_edges):
            raise InputError(f"edges {numbers.min()} to {numbers.max()} to close; there are {n_edges}, from 0")
        closed[numbers] = True
        return cls(closed, np.ones(n_edges), source, simulated)

    def __or__(self, other: "Closures") -> "Closures":
        """Both sets together: closed in either, the larger slowdown, simulated if either is."""
        if len(self.closed) != len(other.closed):
            raise InputError(f"closures of networks with {len(self.closed)} and {len(other.closed)} edges do not add")
        sources = "; ".join(dict.fromkeys((self.source, other.source)))
        slowdown = np.maximum(self.slowdown, other.slowdown)
        simulated = self.simulated or other.simulated
        return Closures(self.closed | other.closed, slowdown, sources, simulated, self.notes + other.notes)

    def reopened(self, edges: Sequence[int]) -> "Closures":
        """The same with some edges cleared."""
        closed = self.closed.copy()
        closed[np.asarray(edges, np.int64)] = False
        return Closures(closed, self.slowdown, self.source, self.simulated, self.notes)

    @property
    def n_closed(self) -> int:
        """How many edges are closed."""
        return int(self.closed.sum())


@dataclass(frozen=True, eq=False)
class ClosureChance:
    """How probable it is that each edge is closed, and what that was made from: always SIMULATED.

    Attributes
    ----------
    probability : ndarray of float64, shape (m,)
    source : str
    slowdown : ndarray of float64, shape (m,)
        Of the edge where it stays open.
    """

    probability: np.ndarray
    source: str
    slowdown: np.ndarray

    def __post_init__(self) -> None:
        if self.probability.shape != self.slowdown.shape or self.probability.ndim != 1:
            raise InputError("probability and slowdown need one value per edge each")
        if not ((self.probability >= 0) & (self.probability <= 1)).all():
            raise InputError("a probability of closure lies in [0, 1]")

    def __or__(self, other: "ClosureChance") -> "ClosureChance":
        """Closed by either cause, taken as independent."""
        if len(self.probability) != len(other.probability):
            raise InputError("chances of closure of two different networks do not add")
        either = 1 - (1 - self.probability) * (1 - other.probability)
        return ClosureChance(either, f"{self.source}; {other.source}", np.maximum(self.slowdown, other.slowdown))

    def most_likely(self, threshold: float = 0.5) -> Closures:
        """Close what is closed with `threshold` probability or more: the single likeliest set at one half."""
        if not 0 < threshold <= 1:
            raise InputError(f"the threshold is a probability above 0, not {threshold}")
        note = f"SIMULATED: closed where the probability is {threshold:g} or more"
        return Closures(self.probability >= threshold, self.slowdown, self.source, True, (note,))

    def sample(self, rng: np.random.Generator) -> Closures:
        """One set drawn at random, edges independent of one another given their probabilities."""
        closed = rng.random(len(self.probability)) < self.probability
        return Closures(closed, self.slowdown, self.source, True, ("SIMULATED: one draw by chance",))
