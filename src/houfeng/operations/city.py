"""A city that is watched: its people, buildings and roads, and what help there is."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from houfeng.damage.building_stock import coquimbo_zones as zones_for_stock
from houfeng.damage.building_stock import simulate_stock
from houfeng.damage.exposure import Exposure
from houfeng.geo import EARTH_RADIUS_KM, to_xyz_km
from houfeng.response.coquimbo import coquimbo_roads, coquimbo_zones
from houfeng.response.facilities import Places
from houfeng.response.roads import RoadNetwork
from houfeng.response.teams import RescueTeams
from houfeng.shaking.sites import DEFAULT_VS30_MPS

#: Nothing is opened nearer to the shore than this, where a tsunami may come.
COASTAL_STRIP_KM = 1.0
#: Words in the identifiers of the demo city, in Chinese.
_WORDS_ZH = {"brigade ": "消防队", "medium ": "中型救援队", "field hospital ": "野战医院", "hospital ": "医院",
             "shelter ": "避难场所", "depot ": "物资库"}  # fmt: skip
#: What is invented of the demo city: seed of the stock, size of shelters, field hospitals, depots and teams.
_STOCK_SEED = 20150916
_SHELTER_PEOPLE, _FIELD_HOSPITAL_BEDS, _BIG_ZONE = 1200.0, 40.0, 3500.0
_WATER_LITRES = 150_000.0
_SHORE_STEP_DEG = 0.003
#: West of it the bay of Coquimbo lies in the north of the roads, east of it land.
_BAY_EAST = -71.275


@dataclass(frozen=True, eq=False)
class City:
    """What must be known of a city before the earthquake.

    Attributes
    ----------
    key, names, country
        Short name; names by language; ISO 3166 two-letter code.
    region
        Whose ground-motion models, see :func:`houfeng.shaking.regimes.choose_models`.
    utc_offset_h
        Local time less UTC, hours.
    exposure
        Buildings and who is in them.
    zone_id, zone_longitude, zone_latitude, population
        Zones of the response; identifiers as in the exposure.
    zone_rings
        Outline of each zone, shape (n, 2), longitude and latitude in degrees; empty where they are not known.
    vs30_mps
        Of the ground, where nothing better is known.
    roads
        The network.
    hospitals, shelters, field_hospitals, depots
        Places; those in the coastal strip are marked.
    stock_litres
        Water in each depot.
    teams
        Search and rescue.
    shore : ndarray, shape (n, 2)
        Points along it, longitude and latitude in degrees; none far from the sea.
    coastal_strip_km
        Nothing is opened nearer to the shore, and nobody sent there while a tsunami may come.
    simulated
        What of it is invented, by language, for every page.
    """

    key: str
    names: Mapping[str, str]
    country: str
    region: str
    utc_offset_h: float
    exposure: Exposure
    zone_id: tuple[str, ...]
    zone_longitude: np.ndarray
    zone_latitude: np.ndarray
    population: np.ndarray
    zone_rings: tuple[np.ndarray, ...]
    vs30_mps: float
    roads: RoadNetwork
    hospitals: Places
    shelters: Places
    field_hospitals: Places
    depots: Places
    stock_litres: np.ndarray
    teams: RescueTeams
    shore: np.ndarray
    coastal_strip_km: float
    simulated: tuple[Mapping[str, str], ...]

    @property
    def centre(self) -> tuple[float, float]:
        """Longitude and latitude of the middle of the people (of the zones where nobody lives), degrees."""
        people = self.population if self.population.any() else np.ones(len(self.population))
        share = people / people.sum()
        return float(share @ self.zone_longitude), float(share @ self.zone_latitude)

    def in_coastal_strip(self, *, longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
        """Which places in degrees, shape (n,), are nearer to the shore than the strip is wide."""
        return shore_distance_km(self.shore, longitude, latitude) <= self.coastal_strip_km


def coquimbo(coastal_strip_km: float = COASTAL_STRIP_KM) -> City:
    """Coquimbo-La Serena, Chile: real people and roads; buildings, hospitals, depots and teams are SIMULATED."""
    zones, roads = coquimbo_zones(), coquimbo_roads()
    exposure = simulate_stock(zones_for_stock(), country="CL", rng=np.random.default_rng(_STOCK_SEED))
    shore = shore_of(roads)
    big = np.flatnonzero(zones.population >= _BIG_ZONE)
    inland = big[shore_distance_km(shore, zones.longitude[big], zones.latitude[big]) > 2 * COASTAL_STRIP_KM]
    order = inland[np.argsort(-zones.population[inland], kind="stable")]

    def places(kind: str, rows: np.ndarray, capacity: float) -> Places:
        near = shore_distance_km(shore, zones.longitude[rows], zones.latitude[rows]) <= coastal_strip_km
        return Places(
            place_id=tuple(f"{kind} {zones.zone_id[row]}" for row in rows),
            longitude=zones.longitude[rows],
            latitude=zones.latitude[rows],
            capacity=np.full(len(rows), capacity),
            in_coastal_strip=near,
            closed=np.zeros(len(rows), bool),
            simulated=True,
        )

    return City(
        key="coquimbo",
        names={"en": "Coquimbo-La Serena", "zh": "科金博—拉塞雷纳"},
        country="CL",
        region="chile",
        utc_offset_h=-3.0,
        exposure=exposure,
        zone_id=tuple(str(z) for z in zones.zone_id),
        zone_longitude=zones.longitude,
        zone_latitude=zones.latitude,
        population=zones.population,
        zone_rings=zones.rings,
        vs30_mps=DEFAULT_VS30_MPS,
        roads=roads,
        hospitals=places("hospital", order[[0, 7]], 300.0),
        shelters=places("shelter", big, _SHELTER_PEOPLE),
        field_hospitals=places("field hospital", big[::3], _FIELD_HOSPITAL_BEDS),
        depots=places("depot", order[[3, 11]], 0.0),
        stock_litres=np.full(2, _WATER_LITRES),
        shore=shore,
        coastal_strip_km=coastal_strip_km,
        teams=_teams(zones.longitude[order[[1, 5, 9]]], zones.latitude[order[[1, 5, 9]]]),
        simulated=(
            {"en": "buildings (made from population and PAGER's inventory of Chile)",
             "zh": "建筑（由人口和 PAGER 智利建筑清单生成）"},
            {"en": "hospitals, shelters, depots and rescue teams", "zh": "医院、避难场所、物资库和救援队"},
            {"en": "which roads are closed", "zh": "道路封闭情况"},
        ),
    )  # fmt: skip


def local_name(identifier: str, language: str) -> str:
    """An identifier of the demo city in ``en`` or ``zh``; any other is left as it is."""
    if language == "zh":
        for word, local in _WORDS_ZH.items():
            if identifier.startswith(word):
                return local + identifier.removeprefix(word)
    return identifier


def _teams(longitude: np.ndarray, latitude: np.ndarray) -> RescueTeams:
    """Three bases: fire brigades set out within the hour, medium teams from the region after six."""
    base = np.tile(np.arange(3), 4)
    late = np.repeat([False, False, True, True], 3)
    return RescueTeams(
        team_id=tuple(f"{'medium' if slow else 'brigade'} {k + 1}" for k, slow in enumerate(late)),
        longitude=longitude[base],
        latitude=latitude[base],
        level=tuple("medium" if slow else "light" for slow in late),
        start_s=np.where(late, 6 * 3600.0, 1800.0),
        shift_s=np.where(late, 24 * 3600.0, 12 * 3600.0),
        capacity=np.where(late, 60.0, 20.0),
    )


def shore_of(roads: RoadNetwork) -> np.ndarray:
    """Points along the sea side of the roads, shape (n, 2), longitude and latitude in degrees.

    The outermost road in the west and, around the bay, in the north: within some hundred metres of the real shore
    where a road runs along it. No survey; coasts at 1:50 million are off by kilometres here.
    """
    x, y = roads.geometry_longitude, roads.geometry_latitude
    rows, columns = np.floor(y / _SHORE_STEP_DEG).astype(int), np.floor(x / _SHORE_STEP_DEG).astype(int)
    west = [np.flatnonzero(rows == row)[np.argmin(x[rows == row])] for row in np.unique(rows)]
    bay = np.unique(columns[x < _BAY_EAST])
    north = [np.flatnonzero(columns == column)[np.argmax(y[columns == column])] for column in bay]
    chosen = np.unique(np.array(west + north))
    return np.column_stack([x[chosen], y[chosen]])


def shore_distance_km(shore: np.ndarray, longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Distance in km from places in degrees, shape (n,), to the nearest point of a shore."""
    from scipy.spatial import cKDTree

    if not len(shore) or not len(longitude):
        return np.full(len(longitude), np.inf)
    tree = cKDTree(to_xyz_km(longitude=shore[:, 0], latitude=shore[:, 1]))
    chord_km = tree.query(to_xyz_km(longitude=longitude, latitude=latitude))[0]
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord_km / (2 * EARTH_RADIUS_KM), 1.0))
