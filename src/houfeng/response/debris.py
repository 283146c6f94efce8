"""How probable it is that rubble of collapsed buildings shuts a street: a simple model, SIMULATED.

A building of height H and depth W that collapses leaves the share k of its volume as a heap: level over its own
footprint and falling at an angle c towards the street. Equal volumes give the height h of the heap,
``h W + h^2 / (2 tan c) = k W H``, and it reaches ``r = h / tan c = sqrt(W^2 + 2 k W H / tan c) - W`` beyond the wall
(k = 0.5 and c = 45 degrees are assumptions of ours). The street is shut when less than a lane of 3 m is left. Real
heaps scatter about r, as walls topple or fall inwards: lognormal, 0.4. Widths, setbacks and depths below are round
figures of ours, not measurements. For work on the same question, of which nothing is taken here, see "Fragility Curves
of the Urban Road Network Based on the Debris Distributions of Interfering Buildings", Applied Sciences 10 (2020),
1289, doi:10.3390/app10041289.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from houfeng.errors import InputError
from houfeng.geo import to_xyz_km
from houfeng.response.closures import ClosureChance
from houfeng.response.roads import RoadNetwork

#: Carriageway, and from its edge to the houses, in metres, by road class; others as residential.
STREET_WIDTH_M: Mapping[str, tuple[float, float]] = {
    "motorway": (22.0, 20.0),
    "trunk": (15.0, 12.0),
    "primary": (14.0, 8.0),
    "secondary": (12.0, 5.0),
    "tertiary": (9.0, 4.0),
    "residential": (7.0, 4.0),
    "living_street": (5.0, 2.0),
    "service": (5.0, 2.0),
}

#: A lane that a lorry can pass, metres.
LANE_M = 3.0

#: Lognormal standard deviation of the reach of a heap.
REACH_BETA = 0.4


@dataclass(frozen=True, slots=True)
class Roadside:
    """Buildings along a street.

    Attributes
    ----------
    storey_share : mapping from int to float
        Share of the buildings by number of storeys; adds to 1.
    storey_height_m, depth_m, frontage_m : float
        Height of a storey, depth of a building away from the street, street front per building.
    volume_share : float
        Of a building's volume, that lies there afterwards.
    slope_deg : float
        Of the heap.
    """

    storey_share: Mapping[int, float] = field(default_factory=lambda: {1: 0.55, 2: 0.35, 4: 0.07, 10: 0.03})
    storey_height_m: float = 3.0
    depth_m: float = 10.0
    frontage_m: float = 12.0
    volume_share: float = 0.5
    slope_deg: float = 45.0

    def __post_init__(self) -> None:
        shares = np.array(list(self.storey_share.values()), float)
        if not (shares >= 0).all() or abs(shares.sum() - 1) > 1e-6:
            raise InputError(f"storey_share must be shares that add to 1, not {dict(self.storey_share)}")
        for name in ("storey_height_m", "depth_m", "frontage_m", "volume_share", "slope_deg"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} = {getattr(self, name)} must be above zero")

    def reach_m(self, storeys: int) -> float:
        """How far the heap of a building reaches beyond its wall, typically, in metres."""
        volume = 2 * self.volume_share * self.depth_m * storeys * self.storey_height_m
        return float(np.sqrt(self.depth_m**2 + volume / np.tan(np.radians(self.slope_deg))) - self.depth_m)

    def blocking_share(self, *, carriageway_m: float, setback_m: float) -> float:
        """Probability that a building of unknown height, collapsing, shuts a street of this width."""
        from scipy.special import ndtr

        needed = setback_m + max(carriageway_m - LANE_M, 0.0)
        reach = np.array([self.reach_m(storeys) for storeys in self.storey_share])
        shares = np.array(list(self.storey_share.values()))
        return float(shares @ ndtr(np.log(reach / max(needed, 0.01)) / REACH_BETA))


def debris_chance(
    network: RoadNetwork,
    collapse_probability: np.ndarray,
    *,
    built_up: np.ndarray | float = 1.0,
    roadside: Roadside | None = None,
) -> ClosureChance:
    """Chance that rubble shuts each edge.

    Parameters
    ----------
    collapse_probability : ndarray, shape (m,) or (n_fields, m)
        Of a building beside each edge (of its zone, for instance); over several fields the result is averaged.
    built_up : ndarray of float, shape (m,), or float
        Share of either side of the edge that has buildings on it, in [0, 1].
    roadside : Roadside, optional

    Notes
    -----
    Collapses along a street are taken as independent given the shaking: with on average n buildings that shut it,
    it is shut with probability 1 - exp(-n). A long edge is shut more often than a short one. Bridges and links of
    motorways count as their class.
    """
    roadside = roadside or Roadside()
    fields = np.atleast_2d(np.asarray(collapse_probability, float))
    if fields.shape[1] != network.n_edges:
        raise InputError(f"collapse_probability is for {fields.shape[1]} edges; the network has {network.n_edges}")
    for name, values in (("collapse_probability", fields), ("built_up", np.asarray(built_up, float))):
        if not ((values >= 0) & (values <= 1)).all():
            raise InputError(f"{name} has values outside [0, 1]")
    blocking = np.zeros(network.n_edges)
    for kind in np.unique(network.road_class):
        width, setback = STREET_WIDTH_M.get(kind.removesuffix("_link"), STREET_WIDTH_M["residential"])
        share = roadside.blocking_share(carriageway_m=width, setback_m=setback)
        blocking[network.road_class == kind] = share
    buildings = 2 * network.length_m / roadside.frontage_m * built_up
    probability = -np.expm1(-fields * (buildings * blocking)).mean(axis=0)
    source = "SIMULATED rubble in the street: heaps of collapsed buildings"
    return ClosureChance(probability, source, np.ones(network.n_edges))


def zone_of_edges(network: RoadNetwork, *, longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Zone with the nearest centroid to the middle of each edge's ends, shape (m,): its place in the lists given."""
    from scipy.spatial import cKDTree

    nodes = to_xyz_km(longitude=network.node_longitude, latitude=network.node_latitude)
    middles = (nodes[network.edge_from] + nodes[network.edge_to]) / 2
    return cKDTree(to_xyz_km(longitude=longitude, latitude=latitude)).query(middles)[1].astype(np.int64)


def built_up_share(
    network: RoadNetwork, zone_of_edge: np.ndarray, buildings: np.ndarray, *, roadside: Roadside | None = None
) -> np.ndarray:
    """Share of the roadside with buildings on it, shape (m,), if those of a zone stand evenly along its streets.

    Parameters
    ----------
    zone_of_edge : ndarray of int, shape (m,)
        From :func:`zone_of_edges`.
    buildings : ndarray, shape (n_zones,)
        How many there are, 0 or more.
    """
    buildings = np.asarray(buildings, float)
    if not (buildings >= 0).all():
        raise InputError("a zone has fewer than no buildings")
    room_m = 2 * np.bincount(zone_of_edge, weights=network.length_m, minlength=len(buildings))
    front_m = (roadside or Roadside()).frontage_m * buildings
    return np.minimum(front_m / np.maximum(room_m, 1e-9), 1.0)[zone_of_edge]
