"""How long people live under rubble.

The shares are those of people found alive among all people brought out in each day, as two earthquakes recorded
them; they fall for three reasons at once (the injured die, the easily reached are brought out first, search moves to
worse places), so they are the best public stand-in for a survival curve, not one. See Coburn, Spence and Pomonis
(1992, 10th World Conference on Earthquake Engineering, 5989-5994) for the shape, and that it depends on the buildings.
"""

from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError
from houfeng.response.checks import column


@dataclass(frozen=True)
class SurvivalCurve:
    """Share of the trapped still alive by the hours since the earthquake.

    Attributes
    ----------
    name, source
        For people.
    hours, share
        Points, straight lines between them; after the last one the share goes on falling at the exponential rate
        of the last two.
    """

    name: str
    source: str
    hours: tuple[float, ...]
    share: tuple[float, ...]

    def __post_init__(self) -> None:
        n = len(self.hours)
        hours, share = column("hours", self.hours, n, of="points"), column("share", self.share, n, of="points", high=1)
        if n < 2 or (np.diff(hours) <= 0).any() or (np.diff(share) > 0).any() or hours[0] != 0 or share[-1] <= 0:
            raise InputError(
                f"survival curve '{self.name}' needs two points or more, hours rising from 0, shares falling, none 0"
            )

    def at(self, hours) -> np.ndarray:
        """Share alive after `hours`, in [0, 1]."""
        hours = np.asarray(hours, float)
        (h0, h1), (s0, s1) = self.hours[-2:], self.share[-2:]
        rate = np.log(s0 / s1) / (h1 - h0)
        later = s1 * np.exp(-rate * np.maximum(hours - h1, 0.0))
        return np.where(hours <= h1, np.interp(hours, self.hours, self.share), later)

    def mean_over(self, start_h, duration_h, *, points: int = 25) -> np.ndarray:
        """Mean share over the time from `start_h` on: people are brought out one after the other."""
        inside = (np.arange(points) + 0.5) / points
        start_h, duration_h = np.broadcast_arrays(np.asarray(start_h, float), np.asarray(duration_h, float))
        return self.at(start_h[..., None] + duration_h[..., None] * inside).mean(axis=-1)


#: Mud-brick and masonry houses; each day stands at its middle.
TANGSHAN_1976 = SurvivalCurve(
    "Tangshan 1976",
    "alive among those brought out in the first half hour 99.3 %, on days one to five 81.0, 53.7, 36.7, 19.0, 7.4 % "
    "(figures published by the Chinese civil protection)",
    (0.0, 0.25, 12.0, 36.0, 60.0, 84.0, 108.0),
    (1.0, 0.993, 0.810, 0.537, 0.367, 0.190, 0.074),
)

#: Heavy-roofed timber houses; calendar days from 05:46 local time, each at its middle.
KOBE_1995 = SurvivalCurve(
    "Kobe 1995",
    "alive among those brought out on 17 to 21 January: 518 of 692, 195 of 806, 133 of 883, 26 of 484, 10 of 209 "
    "(Kobe City Fire Bureau and Ground Self-Defense Force, compiled by the Ministry of Land)",
    (0.0, 9.1, 30.2, 54.2, 78.2, 102.2),
    (1.0, 518 / 692, 195 / 806, 133 / 883, 26 / 484, 10 / 209),
)
