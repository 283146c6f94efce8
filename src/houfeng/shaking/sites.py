"""Where shaking is asked for, and on what ground."""

from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError

#: Stiff soil near the border of NEHRP classes C and D, where nothing is known of the ground.
DEFAULT_VS30_MPS = 360.0


@dataclass(frozen=True, eq=False)
class Sites:
    """Points on the ground.

    Attributes
    ----------
    longitude, latitude : ndarray of float64, shape (n,)
        Degrees.
    vs30_mps : ndarray of float64, shape (n,)
        Time-averaged shear-wave velocity of the upper 30 m, m/s.
    """

    longitude: np.ndarray
    latitude: np.ndarray
    vs30_mps: np.ndarray

    def __post_init__(self) -> None:
        n = len(self.longitude)
        for name, low, high in (("longitude", -180, 180), ("latitude", -90, 90), ("vs30_mps", 50, 3000)):
            column = np.asarray(getattr(self, name), float)
            object.__setattr__(self, name, column)
            if column.shape != (n,):
                raise InputError(f"column {name} of the sites has shape {column.shape}, expected ({n},)")
            bad = ~((column >= low) & (column <= high))
            if bad.any():
                first = int(np.flatnonzero(bad)[0])
                raise InputError(
                    f"{name} of {int(bad.sum())} of {n} sites is outside {low} to {high}, first {column[first]} "
                    f"at site {first}"
                )

    @classmethod
    def of(cls, *, longitude, latitude, vs30_mps=DEFAULT_VS30_MPS) -> "Sites":
        """Sites from columns; one `vs30_mps` may serve for all."""
        longitude = np.atleast_1d(np.asarray(longitude, float))
        latitude = np.atleast_1d(np.asarray(latitude, float))
        return cls(longitude, latitude, np.broadcast_to(np.asarray(vs30_mps, float), longitude.shape).copy())

    def __len__(self) -> int:
        return len(self.longitude)

    def select(self, mask: np.ndarray) -> "Sites":
        """The sites that `mask` (booleans or indices) picks."""
        return Sites(self.longitude[mask], self.latitude[mask], self.vs30_mps[mask])
