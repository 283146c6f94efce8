"""Which past earthquakes the prior of a cell rests on, and what the model would say had one of them not been."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.geo import to_xyz_km
from houfeng.models.adaptive import laws
from houfeng.models.adaptive.laws import Decay, SpaceLaw
from houfeng.models.etas.omori import OmoriTable
from houfeng.regions import Grid
from houfeng.times import to_datetime64

if TYPE_CHECKING:
    from houfeng.models.learned.model import FittedLearned

#: Points along the side of the cell, at which kernels of aftershocks are summed.
SIDE_POINTS = 15


@dataclass(frozen=True, slots=True)
class PastEvent:
    """A past earthquake and a cell.

    Attributes
    ----------
    event_id, time, longitude, latitude, magnitude
        Of the earthquake.
    share
        Of the expected number in the cell by the prior: its direct aftershocks.
    log_prior_change, log_factor_change
        What the logarithms of the prior and of the learned factor would change by without it. All other earthquakes
        stay, and count as what they would have been taken for without it.
    """

    event_id: str
    time: datetime
    longitude: float
    latitude: float
    magnitude: float
    share: float
    log_prior_change: float
    log_factor_change: float


def past_events(
    fitted: "FittedLearned", history: Catalog, moment: datetime, cell: int, *, most: int = 3
) -> tuple[tuple[PastEvent, ...], float]:
    """The strongest few, each left out once, and the share of the background.

    The places of aftershocks are drawn anew without an earthquake: changes below about 0.02 are noise.
    """
    known = history.as_of(moment)
    sources, shares, background = _shares(fitted, known, moment, cell)
    log_prior, factor = _said(fitted, known, moment, cell)
    found = []
    for j in np.argsort(-shares, kind="stable")[:most]:
        if not shares[j] > 0:
            break
        event = sources.event(int(j))
        without = known.select(known.event_id != event.event_id)
        other_prior, other_factor = _said(fitted, without, moment, cell)
        found.append(
            PastEvent(
                event_id=event.event_id,
                time=event.time,
                longitude=event.longitude,
                latitude=event.latitude,
                magnitude=event.magnitude,
                share=float(shares[j]),
                log_prior_change=other_prior - log_prior,
                log_factor_change=other_factor - factor,
            )
        )
    return tuple(found), background


def _said(fitted: "FittedLearned", known: Catalog, moment: datetime, cell: int) -> tuple[float, float]:
    """Logarithms of the prior and of the factor in the cell."""
    rows = fitted.rows(known, fitted.moment(known, moment), np.array([cell]))
    return float(rows.log_prior[0]), float(fitted.rule.log_rate(rows)[0] - rows.log_prior[0])


def _shares(fitted: "FittedLearned", known: Catalog, moment: datetime, cell: int) -> tuple[Catalog, np.ndarray, float]:
    """Earthquakes, the share of each in the prior of the cell (its direct aftershocks), and of the background."""
    prior, horizon = fitted.prior, fitted.model.horizon_days
    sources = prior.sources(known)
    past = prior.judged(sources)
    space = prior.result.space
    weight = np.exp(past.features.productivity @ space[laws.FIRST_FEATURE : laws.FIRST_FEATURE + laws.FEATURES])
    ages = float((to_datetime64(moment) - to_datetime64(sources.origin)) / np.timedelta64(1, "D")) - past.data.days
    expected = weight * OmoriTable.of(Decay.from_vector(space)).integral(ages, ages + horizon)
    law, grid = SpaceLaw.from_vector(space), prior.region.grid()
    direct = expected * _mass(grid, cell, past.data.xyz_km, law.spread_km2(past.features.growth), law.rho)
    rates = fitted.moment(known, moment).prior
    parts = fitted.level.background * rates.background[cell], fitted.level.triggered * rates.triggered[cell]
    triggered = float(parts[1] / max(sum(parts), 1e-300))
    return sources.events, triggered * direct / max(float(direct.sum()), 1e-300), 1.0 - triggered


def _mass(grid: Grid, cell: int, xyz_km: np.ndarray, spread_km2: np.ndarray, rho: float) -> np.ndarray:
    """Share of each kernel that falls into the cell, shape (n,): mean density at points of the cell times its area."""
    step = (np.arange(SIDE_POINTS) + 0.5) / SIDE_POINTS * grid.cell_deg
    longitude, latitude = np.meshgrid(grid.west[cell] + step, grid.south[cell] + step)
    points = to_xyz_km(longitude=longitude.ravel(), latitude=latitude.ravel())
    total = np.zeros(len(xyz_km))
    for point in points:
        squared = ((xyz_km - point) ** 2).sum(axis=1)
        total += rho / np.pi / spread_km2 * (1 + squared / spread_km2) ** -(1 + rho)
    return total / len(points) * float(grid.area_km2[cell])
