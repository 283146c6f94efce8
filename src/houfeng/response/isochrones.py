"""Who reaches help in 15, 30 or 60 minutes, before and after roads are closed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError
from houfeng.response.roads import RoadNetwork
from houfeng.response.travel import Router

#: Minutes of the bands, as dispatchers use them.
BANDS_MIN = (15.0, 30.0, 60.0)

#: From a zone's centroid to its nearest road people walk, at this speed in m/s (4.3 km/h).
WALKING_M_S = 1.2


@dataclass(frozen=True, eq=False, slots=True)
class Isochrones:
    """Travel times to facilities under one set of closures.

    Attributes
    ----------
    minutes : tuple of float, length b
        The bands, rising.
    node_s : ndarray of float32, shape (n,)
        Seconds from each node of the network to the nearest facility (by time), infinite where there is no way.
    facility : ndarray of int64, shape (n,)
        Which facility that is, -1 where there is none.
    zone_s : ndarray of float32, shape (k, z)
        Seconds from each zone to each facility, the walk to the road included.
    population : ndarray of float64, shape (z,)
    """

    minutes: tuple[float, ...]
    node_s: np.ndarray
    facility: np.ndarray
    zone_s: np.ndarray
    population: np.ndarray

    @property
    def people(self) -> np.ndarray:
        """People within each band of any facility, shape (b,)."""
        return self._people(self.zone_s.min(axis=0))

    @property
    def people_by_facility(self) -> np.ndarray:
        """People within each band of each facility, shape (k, b); those of several facilities overlap."""
        return np.array([self._people(row) for row in self.zone_s])

    @property
    def cut_off(self) -> np.ndarray:
        """Zones from which no facility can be reached at all, shape (z,) of bool."""
        return ~np.isfinite(self.zone_s).any(axis=0)

    @property
    def people_cut_off(self) -> float:
        """People in those zones."""
        return float(self.population[self.cut_off].sum())

    def zones_within(self, minutes: float) -> np.ndarray:
        """Zones within so many minutes of any facility, shape (z,) of bool."""
        return self.zone_s.min(axis=0) <= 60 * minutes

    def _people(self, seconds: np.ndarray) -> np.ndarray:
        return np.array([self.population[seconds <= 60 * band].sum() for band in self.minutes])


@dataclass(frozen=True, eq=False, slots=True)
class ReachChange:
    """What closures do to the reach of facilities.

    Attributes
    ----------
    minutes : tuple of float
    before, after : ndarray, shape (b,)
        People within each band.
    newly_cut_off : ndarray of bool, shape (z,)
        Zones that could reach a facility before and cannot now.
    slower_s : ndarray of float32, shape (z,)
        Seconds each zone needs more to its nearest facility; infinite where newly cut off, NaN where it never could.
    """

    minutes: tuple[float, ...]
    before: np.ndarray
    after: np.ndarray
    newly_cut_off: np.ndarray
    slower_s: np.ndarray


def isochrones(
    router: Router,
    facilities: np.ndarray,
    *,
    zone_nodes: np.ndarray,
    population: np.ndarray,
    access_m: np.ndarray | float = 0.0,
    minutes: Sequence[float] = BANDS_MIN,
    towards: bool = True,
) -> Isochrones:
    """Travel times to facilities and the people within each band of minutes.

    Parameters
    ----------
    router : Router
        Of the network, under the closures that hold.
    facilities, zone_nodes : ndarray of int, shapes (k,) and (z,)
        Nodes of the network.
    population : ndarray, shape (z,)
        People per zone, 0 or more.
    access_m : ndarray or float
        From each zone to its node, walked.
    minutes : sequence of float
        Rising.
    towards : bool
        From the zones to the facilities (a patient), or the other way (an ambulance setting out).

    Raises
    ------
    InputError
        For no facility, a negative population, bands that do not rise.
    """
    facilities, population = np.atleast_1d(np.asarray(facilities)), np.asarray(population, float)
    zone_nodes, minutes = np.atleast_1d(np.asarray(zone_nodes)), tuple(float(band) for band in minutes)
    if not len(facilities):
        raise InputError("there is no facility to reach; give the node of one at least")
    if population.shape != zone_nodes.shape or not (population >= 0).all():
        raise InputError("population needs one number of 0 or more for every zone")
    if not minutes or not (np.diff((0.0, *minutes)) > 0).all():
        raise InputError(f"bands must be minutes above zero that rise, not {minutes}")
    seconds = router.times_to(facilities) if towards else router.times_from(facilities)
    nearest = seconds.argmin(axis=0)
    node_s = np.take_along_axis(seconds, nearest[None], axis=0)[0]
    walk_s = np.asarray(access_m, np.float32) / np.float32(WALKING_M_S)
    facility = np.where(np.isfinite(node_s), nearest, -1)
    return Isochrones(minutes, node_s, facility, seconds[:, zone_nodes] + walk_s, population)


def reach_change(before: Isochrones, after: Isochrones) -> ReachChange:
    """Compare the reach of the same facilities before and after closures."""
    if before.minutes != after.minutes or before.zone_s.shape != after.zone_s.shape:
        raise InputError("before and after must be of the same facilities, zones and bands")
    was, now = before.zone_s.min(axis=0), after.zone_s.min(axis=0)
    with np.errstate(invalid="ignore"):
        slower = now - was
    cut_off = after.cut_off & ~before.cut_off
    return ReachChange(before.minutes, before.people, after.people, cut_off, slower)


def edges_geojson(
    network: RoadNetwork, reach: Isochrones, *, closed: np.ndarray | None = None, simulated: bool = False
) -> dict:
    """Roads as GeoJSON, each with the band of minutes in which a facility is reached from it.

    Parameters
    ----------
    closed : ndarray of bool, shape (m,), optional
        Marked as such.
    simulated : bool
        Whether the closures are; said on every feature.

    Returns
    -------
    dict
        A FeatureCollection; ``band_min`` is the upper end of the band, None beyond the last, ``minutes`` the time
        from the nearer end of the edge, None where there is no way.
    """
    seconds = np.minimum(reach.node_s[network.edge_from], reach.node_s[network.edge_to])
    band = np.searchsorted(60 * np.array(reach.minutes), seconds)
    bands = (*reach.minutes, None)
    shut = np.zeros(network.n_edges, bool) if closed is None else np.asarray(closed, bool)
    points = np.round(np.column_stack([network.geometry_longitude, network.geometry_latitude]), 5).tolist()
    features = []
    for edge in range(network.n_edges):
        shape = points[network.geometry_offset[edge] : network.geometry_offset[edge + 1]]
        minutes = round(float(seconds[edge]) / 60, 1) if np.isfinite(seconds[edge]) else None
        properties = {
            "edge_id": str(network.edge_id[edge]),
            "band_min": bands[band[edge]],
            "minutes": minutes,
            "closed": bool(shut[edge]),
            "simulated": simulated or network.simulated,
        }
        geometry = {"type": "LineString", "coordinates": shape}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    return {"type": "FeatureCollection", "credit": network.source, "features": features}
