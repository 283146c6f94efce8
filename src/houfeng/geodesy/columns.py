"""What GNSS stations say of every cell at every time, from what had been issued by then.

For a learning model: plain arrays with NaN where nothing is known. Values of stations reach cells with a weight that
falls with distance; beyond a given reach of every station a cell has NaN, never 0.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from houfeng.errors import InputError
from houfeng.geo import great_circle_km
from houfeng.geodesy.positions import Positions
from houfeng.geodesy.regressors import Step
from houfeng.geodesy.strain import MIN_STATIONS, strain_rate
from houfeng.geodesy.transients import Foretellings
from houfeng.times import DAYS_PER_YEAR, from_datetime64, to_datetime64

#: Name: meaning with unit.
COLUMNS: dict[str, str] = {
    "gnss_offset_east_mm": "mean deviation to the east over the last 7 days from the path foretold 90 days before",
    "gnss_offset_north_mm": "mean deviation to the north over the last 7 days from the path foretold 90 days before",
    "gnss_velocity_change_30d_mm_per_year": "length of the change of horizontal velocity over the last 30 days",
    "gnss_velocity_change_90d_mm_per_year": "length of the change of horizontal velocity over the last 90 days",
    "gnss_transient_score_30d": "mean deviation of 30 days over its standard deviation; about 1 where nothing happens",
    "gnss_transient_score_90d": "mean deviation of 90 days over its standard deviation; about 1 where nothing happens",
    "gnss_dilatation_1e9_per_year": "relative growth of area, from velocities of the whole past",
    "gnss_max_shear_1e9_per_year": "largest shear strain rate, from velocities of the whole past",
    "gnss_distance_km": "distance to the nearest station with a score",
}

_LATEST_DAYS = 7
_REFERENCE_DAYS = 90
_STALE_DAYS = 15


def geodetic_columns(
    stations: Sequence[Positions],
    times: Sequence[datetime],
    *,
    longitude: np.ndarray,
    latitude: np.ndarray,
    steps: Sequence[Step] | dict[str, Sequence[Step]] = (),
    reach_km: float = 150.0,
    decay_km: float = 50.0,
    refit_days: int = 180,
) -> dict[str, np.ndarray]:
    """Columns of :data:`COLUMNS` for cells, each of shape (n_times, n_cells).

    Parameters
    ----------
    stations
        With known places; whole series, cut here at each time.
    times
        Aware, any order.
    longitude, latitude : ndarray, shape (n_cells,)
        Centres of cells, degrees.
    steps
        Known steps of all stations, or by name of station; used from when they became known.
    reach_km, decay_km
        Weights fall as exp(-distance / decay_km); a cell further than `reach_km` from every station that has a value
        gets NaN.
    refit_days
        Each station's past is fitted anew at fixed dates so far apart.

    Returns
    -------
    dict of ndarray of float64
        Data issued after a time never change its row (a test holds it).

    Raises
    ------
    InputError
        When a station has no place, one is given twice, or a length is not above 0.
    """
    _check(stations, reach_km, decay_km)
    lon, lat = np.asarray(longitude, float), np.asarray(latitude, float)
    per_station = {name: np.full((len(times), len(stations)), np.nan) for name in _STATION_COLUMNS}
    velocity = np.full((len(times), 2, 2, len(stations)), np.nan)
    for s, station in enumerate(stations):
        own = steps.get(station.station, ()) if isinstance(steps, dict) else steps
        told = Foretellings(station, own, refit_days=refit_days)
        for i, moment in enumerate(times):
            for name, value in _station_values(told, moment).items():
                per_station[name][i, s] = value
            velocity[i, :, :, s] = _velocity(told, moment)
    distance = great_circle_km(
        longitude=lon[:, None],
        latitude=lat[:, None],
        to_longitude=np.array([s.longitude for s in stations])[None],
        to_latitude=np.array([s.latitude for s in stations])[None],
    ).reshape(len(lon), len(stations))
    columns = {
        name: spread_to_cells(values, distance, reach_km=reach_km, decay_km=decay_km)
        for name, values in per_station.items()
    }
    has_score = np.isfinite(per_station["gnss_transient_score_30d"])
    nearest = np.where(has_score[:, None, :], distance[None], np.inf).min(axis=2, initial=np.inf)
    columns["gnss_distance_km"] = np.where(np.isfinite(nearest), nearest, np.nan)
    columns |= _strain_columns(stations, velocity, lon, lat)
    return {name: columns[name] for name in COLUMNS}


_STATION_COLUMNS = tuple(name for name in COLUMNS if "1e9" not in name and name != "gnss_distance_km")


def spread_to_cells(values: np.ndarray, distance_km: np.ndarray, *, reach_km: float, decay_km: float) -> np.ndarray:
    """Weighted means of station values at cells.

    Parameters
    ----------
    values : ndarray, shape (n_times, n_stations)
        NaN where a station has none.
    distance_km : ndarray, shape (n_cells, n_stations)

    Returns
    -------
    ndarray, shape (n_times, n_cells)
        NaN where no station within `reach_km` has a value.
    """
    within = distance_km <= reach_km
    # Against the nearest station, so that a far cell does not divide nothing by nothing.
    weight = np.where(
        within, np.exp(-(distance_km - distance_km.min(axis=1, keepdims=True, initial=0.0)) / decay_km), 0
    )
    known = np.isfinite(values)
    total, summed = np.zeros((len(values), len(distance_km))), np.zeros((len(values), len(distance_km)))
    for s in range(values.shape[1]):  # a matrix product would round a row differently beside other rows
        total += known[:, s, None] * weight[None, :, s]
        summed += np.where(known[:, s], values[:, s], 0.0)[:, None] * weight[None, :, s]
    return np.where(total > 0, summed / np.where(total > 0, total, 1.0), np.nan)


def _check(stations: Sequence[Positions], reach_km: float, decay_km: float) -> None:
    lost = [s.station for s in stations if not s.located]
    if lost:
        raise InputError(f"no place is known of {', '.join(lost)}; give one with Positions.placed")
    names = [s.station for s in stations]
    if len(set(names)) < len(names):
        raise InputError(f"a station is given twice: {', '.join(sorted(names))}")
    if not (reach_km > 0 and decay_km > 0):
        raise InputError(f"reach and decay must be above 0 km, not {reach_km} and {decay_km}")


def _station_values(told: Foretellings, moment: datetime) -> dict[str, float]:
    """Values of one station at one time; what cannot be told is missing."""
    values = {}
    seen = told.window(moment, _REFERENCE_DAYS)
    if seen is not None and (seen[0] > -_STALE_DAYS).any():
        since, rest = seen
        for c, way in enumerate(("east", "north")):
            latest = rest[c, since > -_LATEST_DAYS]
            if np.isfinite(latest).any():
                values[f"gnss_offset_{way}_mm"] = float(np.nanmean(latest))
        for days in (30, 90):
            slopes = [_slope(since, rest[c], days) for c in (0, 1)]
            values[f"gnss_velocity_change_{days}d_mm_per_year"] = float(np.hypot(*slopes))
            values[f"gnss_transient_score_{days}d"] = told.score(moment, days)
    return values


def _slope(since: np.ndarray, rest: np.ndarray, days: int) -> float:
    """Slope in mm per year of the last days; NaN with fewer than half of them."""
    used = (since > -days) & np.isfinite(rest)
    if used.sum() < days / 2:
        return float("nan")
    return float(np.polyfit(since[used], rest[used], 1)[0] * DAYS_PER_YEAR)


def _velocity(told: Foretellings, moment: datetime) -> np.ndarray:
    """East and north velocity and their standard deviations from the past, shape (2, 2)."""
    date, foretelling = told.before(moment)
    found = np.full((2, 2), np.nan)
    if foretelling is None or not _alive(told.positions, from_datetime64(date)):
        return found
    for c in (0, 1):
        if foretelling.trajectory.noise[c] is not None:
            estimate = foretelling.trajectory.velocity(c)
            found[:, c] = estimate.value, (estimate.high - estimate.low) / (2 * 1.959964)
    return found


def _alive(positions: Positions, moment: datetime) -> bool:
    """Whether the station gave anything in the year before."""
    known = positions.as_of(moment)
    return len(known) > 0 and known.time[-1] >= to_datetime64(moment - timedelta(days=365))


def _strain_columns(stations, velocity, lon, lat) -> dict[str, np.ndarray]:
    """Dilatation and largest shear at cells, NaN with fewer than three stations."""
    shape = (len(velocity), len(lon))
    dilatation, shear = np.full(shape, np.nan), np.full(shape, np.nan)
    done: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}
    for i in range(len(velocity)):
        if np.isfinite(velocity[i, 0]).all(axis=0).sum() < MIN_STATIONS:
            continue
        key = velocity[i].tobytes()  # velocities stay the same between fits
        if key not in done:
            rate = strain_rate(
                longitude=np.array([s.longitude for s in stations]),
                latitude=np.array([s.latitude for s in stations]),
                velocity_mm=velocity[i, 0],
                sigma_mm=velocity[i, 1],
                at_longitude=lon,
                at_latitude=lat,
            )
            done[key] = rate.dilatation, rate.max_shear
        dilatation[i], shear[i] = done[key]
    return {"gnss_dilatation_1e9_per_year": dilatation, "gnss_max_shear_1e9_per_year": shear}
