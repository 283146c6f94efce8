"""A forecast of shaking: the chance that intensity reaches a level at a place within the window.

Rates of earthquakes by cell and magnitude times what a ground-motion model says each of them would do, as in
probabilistic seismic hazard analysis (Cornell 1968), but for the days of a forecast, conditional on what has just
happened, and with the forecast's own distribution of the number of earthquakes instead of Poisson's.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from houfeng.earthquake import Earthquake
from houfeng.errors import InputError
from houfeng.forecasts import Forecast, GriddedForecast
from houfeng.geo import EARTH_RADIUS_KM, from_xyz_km, great_circle_km, to_xyz_km
from houfeng.shaking.intensity import chance_of_at_least
from houfeng.shaking.motion import Motion
from houfeng.shaking.sites import Sites
from houfeng.times import Window
from houfeng.values import Estimate

#: Asks a ground-motion model: motion of one earthquake at sites.
MotionOf = Callable[[Earthquake, Sites], Motion]

#: Distances at which the model is asked, between them chances are linear; magnitudes are asked every second bin.
_DISTANCES = 56
_DEPTH_STEP_KM = 10.0
_VS30_CLASSES = 24

#: Equally likely branches of how far the model as a whole is off, in standard deviations (variance 1).
_BRANCHES = np.array([-1.4, -0.58, 0.0, 0.58, 1.4]) / np.sqrt(np.mean(np.array([1.4, 0.58, 0.0, 0.58, 1.4]) ** 2))

#: Cells nearer than so many of their widths are cut into parts across each side.
_NEAR_CELLS, _PARTS = 4.0, 5


@dataclass(frozen=True, eq=False)
class ShakingForecast:
    """Chances of shaking at n places for m levels.

    Attributes
    ----------
    window
        When.
    places
        Where.
    levels : ndarray, shape (m,)
        Modified Mercalli Intensity, for instance 6 for VI.
    chance : ndarray, shape (n, m)
        Of at least one earthquake in the window that makes at least the level.
    low, high : ndarray, shape (n, m)
        Ends of the interval of the chance, see :func:`chance_of_intensity` for what it holds.
    expected : ndarray, shape (n, m)
        Expected number of such earthquakes.
    level
        Content of the interval.
    notes
        Plain sentences on what was neglected, in English.
    """

    window: Window
    places: Sites
    levels: np.ndarray
    chance: np.ndarray
    low: np.ndarray
    high: np.ndarray
    expected: np.ndarray
    level: float
    notes: tuple[str, ...]

    def at(self, place: int, intensity: float) -> Estimate:
        """Chance at one place for one of the levels.

        Raises
        ------
        InputError
            When the level was not asked for.
        """
        found = np.flatnonzero(np.abs(self.levels - intensity) < 1e-9)
        if not len(found):
            raise InputError(f"no chance of intensity {intensity:g} here; there are {self.levels.tolist()}")
        at = (place, int(found[0]))
        return Estimate(float(self.chance[at]), float(self.low[at]), float(self.high[at]), self.level)


def chance_of_intensity(
    forecast: Forecast,
    places: Sites,
    motion_of: MotionOf,
    *,
    levels: Sequence[float] = (6.0,),
    depth_km: float | np.ndarray = 20.0,
    regime: str | np.ndarray = "crustal",
    max_distance_km: float = 500.0,
    epistemic_ln: float = 0.3,
    level: float = 0.9,
) -> ShakingForecast:
    """Chance that intensity reaches each level at each place within the window of a forecast.

    Parameters
    ----------
    forecast
        Rates by cell and magnitude bin, and the distribution of the total number.
    places
        Where, with Vs30; many values of it are put into 24 classes.
    motion_of
        The ground-motion model: motion of one earthquake at sites. It is asked for point sources on a line of
        sites, so what it says must depend on distance, not on direction.
    levels
        Modified Mercalli Intensities.
    depth_km, regime : scalar, or ndarray of shape (n_cells,)
        Of the earthquakes of each cell.
    max_distance_km
        Epicentres farther away are neglected, and the notes say so.
    epistemic_ln
        Standard deviation, in natural logarithm, of how far the model may be off as a whole.
    level
        Content of the interval.

    Returns
    -------
    ShakingForecast
        ``chance`` averages over everything that is uncertain. The interval from ``low`` to ``high`` is that of the
        chance given (a) how many earthquakes there are, over the forecast's own samples of their number, with its
        clustering and its uncertain parameters, and (b) how far the ground-motion model is off. It does not hold
        what is uncertain about where they happen, about depths, site conditions or the conversion to intensity
        beyond its scatter.

    Raises
    ------
    InputError
        When depths or regimes do not fit the cells, there is no place or level, or a number is out of its range.

    Notes
    -----
    With N earthquakes, each reaching the level with chance p = expected / mean(N), the chance of at least one is
    1 - (1 - p)^N. Cornell (1968), doi:10.1785/BSSA0580051583.
    """
    levels = np.asarray(levels, float)
    _check(places, levels, max_distance_km, epistemic_ln, level)
    gridded = forecast.gridded
    nodes, rates = _magnitude_nodes(gridded)
    depths, regimes = _of_cells(gridded, depth_km, "depth_km"), _of_cells(gridded, regime, "regime")
    distances = np.append(0.0, np.geomspace(2.0, max_distance_km, _DISTANCES - 1))
    vs30, which = _vs30_classes(places.vs30_mps)
    expected = np.zeros((len(_BRANCHES), len(places), len(levels)))
    for cells, quake in _sources(gridded, depths, regimes):
        used = np.flatnonzero(rates[cells].any(axis=0))
        if not len(used):
            continue
        table = _chances(quake, nodes[used], distances, vs30, motion_of, levels, epistemic_ln)
        for i in range(len(places)):
            near = _rates_by_distance(gridded, cells, rates[np.ix_(cells, used)], places, i, distances)
            expected[:, i] += np.einsum("dm,bmdl->bl", near, table[:, :, :, which[i]])
    chance, low, high = _with_counts(expected, forecast.counts.samples[:, 0], level)
    return ShakingForecast(
        gridded.window,
        places,
        levels,
        chance,
        low,
        high,
        expected.mean(axis=0),
        level,
        _notes(gridded, max_distance_km),
    )


def _check(places: Sites, levels: np.ndarray, max_distance_km: float, epistemic_ln: float, level: float) -> None:
    if not len(places) or levels.ndim != 1 or not len(levels):
        raise InputError("a forecast of shaking needs at least one place and one level of intensity")
    if not ((levels >= 1) & (levels <= 12)).all():
        raise InputError(f"levels of intensity run from 1 to 12, these are {levels.tolist()}")
    for name, value, low, high in (
        ("max_distance_km", max_distance_km, 10, 2000),
        ("epistemic_ln", epistemic_ln, 0, 2),
        ("level", level, 0.01, 0.999),
    ):
        if not low <= value <= high:
            raise InputError(f"{name} {value} is outside {low} to {high}")


def _magnitude_nodes(gridded: GriddedForecast) -> tuple[np.ndarray, np.ndarray]:
    """Every second bin by its centre, and the rates of all bins shared out to them, shape (n_cells, nodes)."""
    edges = gridded.magnitudes
    half = float(np.min(np.diff(edges))) / 2 if len(edges) > 1 else 0.05
    centres = np.minimum(edges + half, 9.8)
    nodes = np.unique(np.append(centres[::2], centres[-1]))
    share = np.array([np.interp(centres, nodes, row) for row in np.eye(len(nodes))])
    return nodes, gridded.rates @ share.T


def _of_cells(gridded: GriddedForecast, given: float | str | np.ndarray, name: str) -> np.ndarray:
    column = np.asarray(given)
    if column.ndim and column.shape != (len(gridded.grid),):
        raise InputError(
            f"{name} has shape {column.shape}; give one value, or one for each of {len(gridded.grid)} cells"
        )
    return np.broadcast_to(column, len(gridded.grid))


def _vs30_classes(vs30_mps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct values, or classes of equal ratio where there are many, and which one each place has."""
    values, which = np.unique(vs30_mps, return_inverse=True)
    if len(values) <= _VS30_CLASSES:
        return values, which.ravel()
    classes = np.geomspace(values[0], values[-1], _VS30_CLASSES)
    return classes, np.abs(np.log(vs30_mps)[:, None] - np.log(classes)).argmin(axis=1)


def _sources(
    gridded: GriddedForecast, depths: np.ndarray, regimes: np.ndarray
) -> Iterator[tuple[np.ndarray, Earthquake]]:
    """Cells of about one depth and regime, and an earthquake in their midst that stands for them."""
    steps = np.round(depths / _DEPTH_STEP_KM).astype(int)
    for step in np.unique(steps):
        for regime in np.unique(regimes[steps == step]):
            cells = np.flatnonzero((steps == step) & (regimes == regime))
            where = {"longitude": gridded.grid.longitude[cells], "latitude": gridded.grid.latitude[cells]}
            middle_longitude, middle_latitude = from_xyz_km(to_xyz_km(**where).mean(axis=0)[None])
            yield (
                cells,
                Earthquake(
                    event_id="forecast",
                    time=gridded.window.start,
                    longitude=float(middle_longitude[0]),
                    latitude=float(middle_latitude[0]),
                    depth_km=float(max(depths[cells].mean(), 1.0)),
                    magnitude=5.0,
                    regime=str(regime),
                    status="scenario",
                ),
            )


def _chances(
    quake: Earthquake,
    magnitudes: np.ndarray,
    distances: np.ndarray,
    vs30: np.ndarray,
    motion_of: MotionOf,
    levels: np.ndarray,
    epistemic_ln: float,
) -> np.ndarray:
    """Chance of each level, shape (branches, magnitudes, distances, vs30 classes, levels)."""
    longitude, latitude = _line(quake, distances)
    sites = Sites(np.repeat(longitude, len(vs30)), np.repeat(latitude, len(vs30)), np.tile(vs30, len(distances)))
    table = np.empty((len(_BRANCHES), len(magnitudes), len(distances), len(vs30), len(levels)))
    for k, magnitude in enumerate(magnitudes):
        motion = motion_of(replace(quake, magnitude=float(magnitude)), sites)
        for b, branch in enumerate(_BRANCHES):
            shifted = Motion(motion.measures, motion.mean_ln + branch * epistemic_ln, motion.between, motion.within)
            table[b, k] = chance_of_at_least(shifted, levels).reshape(len(distances), len(vs30), len(levels))
    return table


def _line(quake: Earthquake, distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points eastwards from the epicentre along a great circle, longitude and latitude."""
    start = to_xyz_km(longitude=np.array([quake.longitude]), latitude=np.array([quake.latitude]))[0] / EARTH_RADIUS_KM
    turn = np.radians(quake.longitude)
    east = np.array([-np.sin(turn), np.cos(turn), 0.0])
    angle = (distances / EARTH_RADIUS_KM)[:, None]
    return from_xyz_km(EARTH_RADIUS_KM * (np.cos(angle) * start + np.sin(angle) * east))


def _rates_by_distance(
    gridded: GriddedForecast, cells: np.ndarray, rates: np.ndarray, places: Sites, i: int, distances: np.ndarray
) -> np.ndarray:
    """Rates of `cells` (rows of `rates`) shared out to the distances from place `i`, shape (distances, magnitudes)."""
    from scipy.sparse import csr_matrix

    grid = gridded.grid
    place = {"to_longitude": places.longitude[i], "to_latitude": places.latitude[i]}
    apart = great_circle_km(longitude=grid.longitude[cells], latitude=grid.latitude[cells], **place)
    width = np.radians(grid.cell_deg) * EARTH_RADIUS_KM
    close = np.flatnonzero(apart < _NEAR_CELLS * width)
    steps = (np.arange(_PARTS) + 0.5) / _PARTS * grid.cell_deg
    east, north = (axis.ravel() for axis in np.meshgrid(steps, steps))
    within = great_circle_km(
        longitude=grid.west[cells[close], None] + east, latitude=grid.south[cells[close], None] + north, **place
    )
    far = np.delete(np.arange(len(cells)), close)
    row = np.concatenate([far, np.repeat(close, _PARTS**2)])
    distance = np.concatenate([apart[far], within.ravel()])
    share = np.concatenate([np.ones(len(far)), np.full(within.size, 1 / _PARTS**2)])
    inside = distance <= distances[-1]
    row, distance, share = row[inside], distance[inside], share[inside]
    left = np.clip(np.searchsorted(distances, distance, side="right") - 1, 0, len(distances) - 2)
    part = (distance - distances[left]) / (distances[left + 1] - distances[left])
    weights = csr_matrix(
        (
            np.concatenate([share * (1 - part), share * part]),
            (np.concatenate([left, left + 1]), np.concatenate([row, row])),
        ),
        shape=(len(distances), len(cells)),
    )
    return weights @ rates


def _with_counts(expected: np.ndarray, numbers: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chance of at least one, and its interval over the numbers of earthquakes and the branches."""
    mean = float(numbers.mean())
    if mean == 0:  # too few to have come up in any sample: as Poisson
        values, weights, per_one = np.ones(1), np.ones(1), -np.expm1(-expected)
    else:
        values, counts = np.unique(numbers, return_counts=True)
        weights, per_one = counts / counts.sum(), np.minimum(expected / mean, 1 - 1e-12)
    given = -np.expm1(values[:, None, None, None] * np.log1p(-per_one))  # (numbers, branches, places, levels)
    flat = given.reshape(-1, *given.shape[2:])
    weight = np.repeat(weights, len(_BRANCHES)) / len(_BRANCHES)
    chance = np.minimum(np.einsum("x,xnl->nl", weight, flat), 1.0)  # weights sum to one but for rounding
    order = np.argsort(flat, axis=0)
    ranked = np.take_along_axis(flat, order, axis=0)
    reached = np.cumsum(weight[order], axis=0)
    tail = (1 - level) / 2
    ends = []
    for quantile in (tail, 1 - tail):
        first = np.minimum((reached < quantile - 1e-12).sum(axis=0), len(flat) - 1)
        ends.append(np.take_along_axis(ranked, first[None], axis=0)[0])
    return chance, np.minimum(ends[0], chance), np.maximum(ends[1], chance)


def _notes(gridded: GriddedForecast, max_distance_km: float) -> tuple[str, ...]:
    return (
        f"Earthquakes below magnitude {gridded.magnitudes[0]:g}, the smallest of the forecast, are neglected.",
        f"Earthquakes more than {max_distance_km:g} km away, or outside the region of the forecast, are neglected.",
        "Shaking is taken to depend on the distance from the epicentre, not on which way the rupture runs.",
    )
