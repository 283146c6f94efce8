"""Time cut into pieces on which the correction of the rate is constant.

A piece begins at an earthquake, at a fixed time after it, or at a fixed hour. So where it begins, and all that is said
of it, is known when it begins; when it will end is not, and is never used.
"""

from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError

#: Cuts after each earthquake, in mean gaps between earthquakes.
ELAPSED = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
#: Cuts of the clock, per day.
PER_DAY = 4


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces of a window, in order, without holes.

    Attributes
    ----------
    start, end : ndarray, shape (m,)
        Days.
    known : ndarray of int64, shape (m,)
        Earthquakes known at the start: the first ones, up to and with those at the very start.
    count : ndarray of int64, shape (m,)
        Earthquakes after the start, up to and with the end.
    piece_of : ndarray of int64, shape (events of the window,)
        In which piece each earthquake of the window falls.
    """

    start: np.ndarray
    end: np.ndarray
    known: np.ndarray
    count: np.ndarray
    piece_of: np.ndarray

    @classmethod
    def over(cls, days: np.ndarray, start: float, end: float, gap_days: float) -> "Pieces":
        """Cut `start` to `end`; `days` of all earthquakes ascend, `gap_days` is the mean gap that scales the cuts.

        Raises
        ------
        InputError
            When the window or the gap has no length, or nothing happened before the window: each piece looks back at
            the last earthquake.
        """
        if not (end > start and gap_days > 0 and len(days) and days[0] < start):
            raise InputError(
                f"window {start} to {end} days, gap {gap_days}: it must have length and follow the first event"
            )
        inside = days[(days >= start) & (days < end)]
        origin = np.unique(np.append(days[days < start][-1:], inside))
        following = np.append(origin[1:], end)
        cuts = origin[:, None] + gap_days * np.array(ELAPSED)
        cuts = cuts[(cuts < following[:, None]) & (cuts > start)]
        clock = np.arange(np.floor(start * PER_DAY) + 1, np.ceil(end * PER_DAY)) / PER_DAY
        edges = np.unique(np.concatenate([[start], inside, cuts, clock, [end]]))
        begin, last = edges[:-1], edges[1:]
        known = np.searchsorted(days, begin, side="right")
        piece_of = np.maximum(np.searchsorted(begin, inside, side="left") - 1, 0)
        if len(inside) and inside[0] == start:
            known[0] = np.searchsorted(days, start, side="left")
        return cls(begin, last, known, np.bincount(piece_of, minlength=len(begin)), piece_of)

    def at(self, moments: np.ndarray) -> np.ndarray:
        """The piece in which each moment of the window lies, ends counted to the piece that ends."""
        return np.clip(np.searchsorted(self.start, moments, side="left") - 1, 0, len(self.start) - 1)
