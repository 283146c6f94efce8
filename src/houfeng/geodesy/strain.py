"""Strain rate on a grid from velocities of stations, by weighted local least squares.

Shen, Wang, Zeng & Wang (2015, doi:10.1785/0120140247; first form Shen, Jackson & Ge 1996, doi:10.1029/96JB02544): at
each place a uniform velocity, strain rate and rotation are fitted to the stations around it, whose variances grow with
distance as exp(d^2/D^2) and with how many others share their direction. The distance D is chosen at each place so that
the sum of weights reaches a given total: where stations are sparse, the picture is smoother. How far it reached is
part of the answer.
"""

from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError, NotEnoughDataError
from houfeng.geo import EARTH_RADIUS_KM, great_circle_km

MIN_STATIONS = 3


@dataclass(frozen=True, eq=False)
class StrainRate:
    """Strain rates in units of 1e-9 per year (extension positive), NaN beyond the reach of the stations.

    Attributes
    ----------
    longitude, latitude : ndarray, shape (m,)
    strain : ndarray, shape (3, m)
        east-east, east-north, north-north.
    covariance : ndarray, shape (3, 3, m)
    rotation : ndarray, shape (m,)
        Counter-clockwise, 1e-9 rad per year.
    reach_km : ndarray, shape (m,)
        The distance D.
    n_stations : ndarray of int, shape (m,)
        Stations with at least 1 % of the weight of one at the place itself.
    """

    longitude: np.ndarray
    latitude: np.ndarray
    strain: np.ndarray
    covariance: np.ndarray
    rotation: np.ndarray
    reach_km: np.ndarray
    n_stations: np.ndarray

    @property
    def dilatation(self) -> np.ndarray:
        """Relative growth of area per year, 1e-9."""
        return self.strain[0] + self.strain[2]

    @property
    def dilatation_sigma(self) -> np.ndarray:
        """Standard deviation of :attr:`dilatation`."""
        return np.sqrt(self.covariance[0, 0] + self.covariance[2, 2] + 2 * self.covariance[0, 2])

    @property
    def max_shear(self) -> np.ndarray:
        """Half the difference of the principal strain rates, 1e-9 per year."""
        return np.hypot((self.strain[0] - self.strain[2]) / 2, self.strain[1])

    @property
    def second_invariant(self) -> np.ndarray:
        """sqrt(ee^2 + 2 en^2 + nn^2), 1e-9 per year."""
        return np.sqrt(self.strain[0] ** 2 + 2 * self.strain[1] ** 2 + self.strain[2] ** 2)


def strain_rate(
    *,
    longitude: np.ndarray,
    latitude: np.ndarray,
    velocity_mm: np.ndarray,
    sigma_mm: np.ndarray,
    at_longitude: np.ndarray,
    at_latitude: np.ndarray,
    total_weight: float = 6.0,
    max_reach_km: float = 300.0,
) -> StrainRate:
    """Strain rate at places from horizontal velocities.

    Parameters
    ----------
    longitude, latitude : ndarray, shape (s,)
        Stations, degrees.
    velocity_mm, sigma_mm : ndarray, shape (2, s)
        East and north velocity in mm per year and standard deviations; a station with NaN is left out.
    at_longitude, at_latitude : ndarray, shape (m,)
        Places.
    total_weight
        Sum of weights sought (two components a station); larger is smoother.
    max_reach_km
        Largest D; where it is not enough for half the total weight, or stations stand on a line, the answer is NaN.

    Raises
    ------
    NotEnoughDataError
        With fewer than three stations: six numbers are fitted at each place.
    InputError
        When deviations are not positive.
    """
    good = np.isfinite(velocity_mm).all(axis=0) & np.isfinite(sigma_mm).all(axis=0)
    if good.sum() < MIN_STATIONS:
        raise NotEnoughDataError(
            f"strain needs velocities of at least {MIN_STATIONS} stations with known places, not {good.sum()}"
        )
    if (sigma_mm[:, good] <= 0).any():
        raise InputError("standard deviations of velocities must be above 0")
    lon, lat = np.asarray(longitude, float)[good], np.asarray(latitude, float)[good]
    m = len(at_longitude)
    result = StrainRate(
        np.asarray(at_longitude, float), np.asarray(at_latitude, float), np.full((3, m), np.nan),
        np.full((3, 3, m), np.nan), np.full(m, np.nan), np.full(m, np.nan), np.zeros(m, int),
    )  # fmt: skip
    for i in range(m):
        place = {"longitude": lon, "latitude": lat, "at": (result.longitude[i], result.latitude[i])}
        _at_place(result, i, *_offsets_km(**place), velocity_mm[:, good], sigma_mm[:, good],
                  total_weight, max_reach_km)  # fmt: skip
    return result


def _at_place(result, i, east, north, velocity, sigma, total_weight, max_reach_km) -> None:
    distance = np.hypot(east, north)
    share = _direction_share(east, north)
    reach = _reach(distance, share, total_weight, max_reach_km)
    weight = np.exp(-((distance / reach) ** 2)) * share
    near = np.exp(-((distance / reach) ** 2)) > 0.01
    if near.sum() < MIN_STATIONS or 2 * weight.sum() < total_weight / 2:
        return
    e, n, w = east[near], north[near], weight[near]
    one, zero = np.ones(len(e)), np.zeros(len(e))
    # Unknowns: east and north velocity, ee, en, nn, rotation.
    design = np.concatenate([np.stack([one, zero, e, n, zero, -n], 1), np.stack([zero, one, zero, e, n, e], 1)])
    root = np.sqrt(np.concatenate([w, w])) / np.concatenate([sigma[0, near], sigma[1, near]])
    scale = np.array([1.0, 1.0, *[1.0 / max(distance[near].max(), 1.0)] * 4])
    scaled = design * root[:, None] * scale
    if np.linalg.cond(scaled) > 1e4:
        return
    inverse = np.linalg.inv(scaled.T @ scaled)
    unknown = scale * (inverse @ (scaled.T @ (np.concatenate([velocity[0, near], velocity[1, near]]) * root)))
    covariance = inverse * np.outer(scale, scale)
    # mm per km and year are 1e-6 per year.
    result.strain[:, i] = 1e3 * unknown[2:5]
    result.covariance[:, :, i] = 1e6 * covariance[2:5, 2:5]
    result.rotation[i] = 1e3 * unknown[5]
    result.reach_km[i], result.n_stations[i] = reach, near.sum()


def _offsets_km(*, longitude, latitude, at) -> tuple[np.ndarray, np.ndarray]:
    """East and north from a place to the stations along great circles (azimuthal equidistant)."""
    distance = great_circle_km(longitude=at[0], latitude=at[1], to_longitude=longitude, to_latitude=latitude)
    turn, low, high = np.radians(longitude - at[0]), np.radians(at[1]), np.radians(latitude)
    azimuth = np.arctan2(
        np.sin(turn) * np.cos(high), np.cos(low) * np.sin(high) - np.sin(low) * np.cos(high) * np.cos(turn)
    )
    return distance * np.sin(azimuth), distance * np.cos(azimuth)


def _direction_share(east: np.ndarray, north: np.ndarray) -> np.ndarray:
    """Weight by the angle that a station has for itself, of mean 1 (equation 6 of Shen and others 2015)."""
    n = len(east)
    angle = np.arctan2(east, north)
    order = np.argsort(angle)
    gaps = np.diff(np.append(angle[order], angle[order[0]] + 2 * np.pi))
    share = np.empty(n)
    share[order] = n * (gaps + np.roll(gaps, 1)) / (4 * np.pi)
    return share


def _reach(distance: np.ndarray, share: np.ndarray, total_weight: float, max_reach_km: float) -> float:
    """The D at which the sum of weights is `total_weight`, or `max_reach_km`; the sum grows with D."""
    low, high = 1.0, min(max_reach_km, np.pi * EARTH_RADIUS_KM)
    if 2 * (np.exp(-((distance / high) ** 2)) * share).sum() <= total_weight:
        return high
    for _ in range(40):
        middle = np.sqrt(low * high)
        if 2 * (np.exp(-((distance / middle) ** 2)) * share).sum() < total_weight:
            low = middle
        else:
            high = middle
    return float(high)
