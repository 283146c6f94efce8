"""Which roads of a city may be closed by damaged bridges and rubble, and how much that is."""

import numpy as np

from houfeng.damage.assessment import DamageAssessment
from houfeng.operations.city import City
from houfeng.response.bridges import bridge_chance
from houfeng.response.closures import ClosureChance, Closures
from houfeng.response.debris import debris_chance
from houfeng.response.demand import LEVEL
from houfeng.response.roads import RoadNetwork
from houfeng.values import Estimate

#: A street with so many people per km² beside it is built up on both sides.
BUILT_UP_PER_KM2 = 5000.0
_CLOSURE_DRAWS = 200


def closure_chance(city: City, damage: DamageAssessment, bridge_sa10_g: np.ndarray | None) -> ClosureChance:
    """Chance that each road is closed by a damaged bridge or by rubble of the zone it runs through."""
    roads = city.roads
    middle = roads.geometry_offset[:-1] + np.diff(roads.geometry_offset) // 2
    zone = _nearest(city, roads.geometry_longitude[middle], roads.geometry_latitude[middle])
    row = {name: i for i, name in enumerate(damage.zone_id)}
    collapsed, standing = np.zeros(len(city.zone_id)), np.ones(len(city.zone_id))
    for i, name in enumerate(city.zone_id):
        if name in row:
            collapsed[i] = damage.of("buildings_collapsed", name).mean()
            standing[i] = max(damage.exposure.buildings[damage.asset_zone == row[name]].sum(), 1e-9)
    density = city.population / np.maximum(_zone_area_km2(city), 0.05)
    rubble = debris_chance(
        roads,
        np.clip(collapsed / standing, 0, 1)[zone],
        built_up=np.clip(density / BUILT_UP_PER_KM2, 0, 1)[zone],
    )
    return rubble if bridge_sa10_g is None else rubble | bridge_chance(roads, bridge_sa10_g)


def _zone_area_km2(city: City) -> np.ndarray:
    """Area around each zone's middle, half way to its nearest neighbours: a circle of half that distance."""
    from scipy.spatial import cKDTree

    from houfeng.geo import to_xyz_km

    points = to_xyz_km(longitude=city.zone_longitude, latitude=city.zone_latitude)
    if len(points) < 2:
        return np.ones(len(points))
    return np.pi * (cKDTree(points).query(points, k=2)[0][:, 1] / 2) ** 2


def _nearest(city: City, longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    from scipy.spatial import cKDTree

    from houfeng.geo import to_xyz_km

    tree = cKDTree(to_xyz_km(longitude=city.zone_longitude, latitude=city.zone_latitude))
    return tree.query(to_xyz_km(longitude=longitude, latitude=latitude))[1]


def extent_of(
    roads: RoadNetwork, chance: ClosureChance | None, closures: Closures, rng: np.random.Generator
) -> tuple[Estimate, Estimate]:
    """How many edges and kilometres are closed: over many draws of `chance`, else exactly those of `closures`."""
    if chance is None:
        n, km = float(closures.n_closed), float(roads.length_m[closures.closed].sum() / 1000)
        return Estimate(n, n, n, LEVEL), Estimate(km, km, km, LEVEL)
    closed = rng.random((_CLOSURE_DRAWS, roads.n_edges), dtype=np.float32) < chance.probability
    samples = closed.sum(axis=1), closed @ roads.length_m / 1000
    return tuple(Estimate(float(s.mean()), *(float(v) for v in np.quantile(s, [0.05, 0.95])), LEVEL) for s in samples)
