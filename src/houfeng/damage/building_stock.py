"""A SIMULATED building stock from the population of zones and PAGER's inventory of the country.

What is real: the people of each zone, and which share of the country's people lives and works in which type of
building (Jaiswal and Wald 2008, A global building inventory for earthquake loss estimation, U.S. Geological Survey
Open-File Report 2008-1160). Everything else is assumed and stands below as a constant: how PAGER's types become
Hazus types, how tall buildings are, how many people a dwelling holds, how large and how dear it is, where in the zone
it stands. So no single asset is a real building, and every asset says ``simulated``.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from houfeng.damage.exposure import Exposure
from houfeng.errors import InputError, UnknownNameError
from houfeng.geo import wrap_longitude

#: Hazus structure of each PAGER type; the longest beginning that matches counts. Earth, stone and unreinforced walls
#: become unreinforced masonry, the worst that Hazus has; unknown types are shared out among the known ones.
STRUCTURES: Mapping[str, str] = {
    "A": "URM", "M": "URM", "RE": "URM", "RS": "URM", "DS": "URM", "MS": "URM", "UCB": "URM", "UFB": "URM",
    "C1": "C1", "C": "C1", "C2": "C2", "C3": "C3", "C4": "C1", "C5": "S4", "C6": "C2", "C7": "C1", "TU": "PC1",
    "PC1": "PC1", "PC2": "PC2", "PC3": "C3", "PC4": "PC2", "RM": "RM1", "CM": "RM1", "RM2": "RM2", "RM3": "RM1",
    "S": "S1", "S1": "S1", "S2": "S2", "S3": "S3", "S4": "S4", "S5": "S5", "W": "W1", "W2": "W2", "W6": "W2",
    "MH": "MH", "INF": "W1",
}  # fmt: skip

#: Types built without engineering, whatever the country's code: "PC" (pre-code).
UNENGINEERED = ("A", "M1", "M2", "RE", "RS", "DS", "MS", "INF", "W4", "W5")

#: Code level of engineered buildings by country; "LC" elsewhere. Chile: its code and its walls are held to be among
#: the strongest there are (in 2010 fewer than 1 in 100 engineered buildings were badly damaged): high code.
CODES: Mapping[str, str] = {"CL": "HC", "JP": "MC", "NZ": "MC", "US": "MC"}

#: What is known better than the common mapping: block masonry in Chile is mostly confined (PAGER's own collapse rates
#: there are below those of its reinforced masonry), so it is no unreinforced masonry but a weak reinforced one.
LOCAL: Mapping[tuple[str, str], tuple[str, str]] = {("CL", "UCB"): ("RM1", "LC")}

#: Storeys where the type does not tell: shares of the people in low, medium and high buildings.
HEIGHTS: Mapping[str, Mapping[str, float]] = {
    "urban": {"L": 0.70, "M": 0.22, "H": 0.08},
    "rural": {"L": 1.0, "M": 0.0, "H": 0.0},
}
#: Heights Hazus has where not all three ("" where it tells none apart), and code levels where not HC to PC.
_ONLY_HEIGHTS = {"W1": ("",), "W2": ("",), "S3": ("",), "PC1": ("",), "MH": ("",), "RM1": ("L", "M"), "URM": ("L", "M")}
_OLD = ("S5", "C3", "URM")

#: Dwellings in one building, by height.
DWELLINGS = {"": 1.0, "L": 1.0, "M": 16.0, "H": 60.0}
#: Persons in a dwelling: Chile 3.1 (census of 2017, Instituto Nacional de Estadisticas); elsewhere our round figure.
PERSONS_PER_DWELLING: Mapping[str, float] = {"CL": 3.1}
OTHER_PERSONS_PER_DWELLING = 4.0
#: People in one building that is no dwelling, by height, and floor area of each person there, m2.
WORKERS = {"": 8.0, "L": 12.0, "M": 80.0, "H": 300.0}
AREA_PER_WORKER_M2 = 25.0
#: Floor area of a dwelling, m2, and cost of building a square metre anew, US dollars (order of magnitude, Chile 2015).
AREA_PER_DWELLING_M2 = 70.0
USD_PER_M2 = {"W": 550.0, "S": 900.0, "C": 950.0, "P": 800.0, "R": 750.0, "U": 450.0, "M": 400.0}

#: Where people are: shares of the population at night and by day, in dwellings and in other buildings; the rest is
#: outdoors or under way.
PEOPLE = {("home", "night"): 0.95, ("work", "night"): 0.03, ("home", "day"): 0.40, ("work", "day"): 0.40}

#: Radius of a zone whose area is not given, km.
RADIUS_KM = 0.5


@dataclass(frozen=True, eq=False)
class Zones:
    """Districts with people.

    Attributes
    ----------
    zone_id : ndarray of str (object), shape (n,)
    longitude, latitude : ndarray, shape (n,)
        Middle, degrees.
    population : ndarray, shape (n,)
    area_km2 : ndarray, shape (n,)
        NaN where unknown.
    """

    zone_id: np.ndarray
    longitude: np.ndarray
    latitude: np.ndarray
    population: np.ndarray
    area_km2: np.ndarray

    def __post_init__(self) -> None:
        n = len(self.zone_id)
        object.__setattr__(self, "zone_id", np.array([str(name) for name in self.zone_id], object))
        for name, low, high in (
            ("longitude", -180.0, 360.0),
            ("latitude", -90.0, 90.0),
            ("population", 0.0, np.inf),
            ("area_km2", 0.0, np.inf),
        ):
            column = np.asarray(getattr(self, name), float)
            if column.shape != (n,):
                raise InputError(f"column {name} of the zones has shape {column.shape}, expected ({n},)")
            object.__setattr__(self, name, column)
            bad = ~((column >= low) & (column <= high) & np.isfinite(column))
            if name == "area_km2":
                bad &= ~np.isnan(column)
            if bad.any():
                row = int(np.argmax(bad))
                what = "negative" if column[row] < low and name in ("population", "area_km2") else "impossible"
                raise InputError(
                    f"{what} {name} {column[row]:g} in zone '{self.zone_id[row]}' (row {row}); {int(bad.sum())} of {n}"
                )


def read_zones(text: str, name: str = "zones") -> Zones:
    """Zones from CSV text with the columns zone_id, longitude, latitude, population and if known area_km2.

    Raises
    ------
    InputError
        When a column is missing or a value is no number; the message names `name` and the line.
    """
    rows = list(csv.DictReader(text.splitlines()))
    found = list(rows[0]) if rows else []
    missing = [column for column in ("zone_id", "longitude", "latitude", "population") if column not in found]
    if missing:
        raise InputError(f"{name} lacks the column {' and '.join(missing)}; it has {', '.join(found) or 'none'}")
    columns: dict[str, list[float]] = {}
    for column in ("longitude", "latitude", "population", "area_km2"):
        columns[column] = []
        for line, row in enumerate(rows, start=2):
            try:
                columns[column].append(float(row.get(column) or "nan"))
            except ValueError as error:
                raise InputError(f"{name}, line {line}: {column} '{row[column]}' is not a number") from error
    return Zones(np.array([row["zone_id"] for row in rows], object), **{k: np.array(v) for k, v in columns.items()})


def coquimbo_zones() -> Zones:
    """The zones of Coquimbo-La Serena that ship with Houfeng; their people are real."""
    text = (files("houfeng.data") / "coquimbo" / "zones.csv").read_text(encoding="utf-8")
    return read_zones(text, "coquimbo/zones.csv")


@cache
def _inventory() -> Mapping[tuple[str, str, str], Mapping[str, float]]:
    text = (files("houfeng.data") / "damage" / "pager_inventory.csv").read_text(encoding="utf-8")
    table: dict[tuple[str, str, str], dict[str, float]] = {}
    for row in csv.DictReader(text.splitlines()):
        table.setdefault((row["country"], row["area"], row["place"]), {})[row["type"]] = float(row["share"])
    return table


def inventory(country: str, *, area: str = "urban", place: str = "home") -> Mapping[str, float]:
    """PAGER's shares of the people by building type; they sum to about one.

    Parameters
    ----------
    country
        Two letters.
    area, place
        ``"urban"`` or ``"rural"``; ``"home"`` or ``"work"`` (any building that is no dwelling).

    Raises
    ------
    UnknownNameError
        When there is no inventory of that country, area or place.
    """
    table = _inventory()
    if area not in HEIGHTS:
        raise UnknownNameError("area", area, HEIGHTS)
    if place not in ("home", "work"):
        raise UnknownNameError("place", place, ("home", "work"))
    key = (country.upper(), area, place)
    if key not in table:
        raise UnknownNameError("country in the inventory", country, {one for one, _, _ in table})
    return table[key]


def hazus_shares(country: str, *, area: str = "urban", place: str = "home") -> dict[str, float]:
    """Shares of the people by Hazus taxonomy, summing to one, by the mapping stated in this module."""
    shares: dict[str, float] = {}
    for kind, share in inventory(country, area=area, place=place).items():
        if kind == "UNK":
            continue
        for taxonomy, part in _taxonomies(kind, country.upper(), area).items():
            shares[taxonomy] = shares.get(taxonomy, 0.0) + share * part
    total = sum(shares.values())
    if not total > 0:
        raise InputError(f"the inventory of {country} ({area}, {place}) holds no known type of building")
    return {taxonomy: share / total for taxonomy, share in sorted(shares.items()) if share > 0}


def _taxonomies(kind: str, country: str, area: str) -> dict[str, float]:
    """What a PAGER type becomes: Hazus taxonomies and the share of each."""
    base, height = (kind[:-1], kind[-1]) if kind[-1] in "LMH" and len(kind) > 2 else (kind, "")
    begins = [base[:end] for end in range(len(base), 0, -1) if base[:end] in STRUCTURES]
    if not begins:
        raise InputError(f"no Hazus structure is stated for the PAGER type '{kind}'; add it to STRUCTURES")
    code = "PC" if base.startswith(UNENGINEERED) else CODES.get(country, "LC")
    structure, code = LOCAL.get((country, begins[0]), (STRUCTURES[begins[0]], code))
    if structure in _OLD and code not in ("LC", "PC"):
        code = "LC"
    allowed = _ONLY_HEIGHTS.get(structure, ("L", "M", "H"))
    if allowed == ("",):
        return {f"{structure}-{code}": 1.0}
    if height:
        wanted = {height: 1.0}
    elif code == "PC":
        wanted = {"L": 1.0}
    else:
        wanted = HEIGHTS[area]
    shares: dict[str, float] = {}
    for tall, share in wanted.items():
        nearest = tall if tall in allowed else allowed[-1]
        name = f"{structure}{nearest}-{code}"
        shares[name] = shares.get(name, 0.0) + share
    return shares


def simulate_stock(
    zones: Zones,
    *,
    country: str = "CL",
    rng: np.random.Generator,
    area: str = "urban",
    smallest_share: float = 0.005,
) -> Exposure:
    """Invent a building stock; the people of each zone at night and by day are those of `zones` and ``PEOPLE``.

    Parameters
    ----------
    country
        Whose inventory.
    rng
        Places the assets: evenly over a circle of the zone's area around its middle.
    area
        ``"urban"`` or ``"rural"``.
    smallest_share
        Types with fewer of the people are left out, the others take their part; keeps assets few.

    Returns
    -------
    Exposure
        ``simulated``; one asset per zone, kind of use and building type. Zones without people have none.
    """
    rows: list[tuple] = []
    for place in ("home", "work"):
        shares = hazus_shares(country, area=area, place=place)
        kept = {taxonomy: share for taxonomy, share in shares.items() if share >= smallest_share}
        total = sum(kept.values())
        for taxonomy, share in kept.items():
            rows.append((place, taxonomy, share / total))
    peopled = np.flatnonzero(zones.population > 0)
    if not len(peopled):
        raise InputError("no zone has people; a stock is made from the population of zones")
    zone = np.repeat(peopled, len(rows))
    place = np.array([row[0] for row in rows] * len(peopled), object)
    taxonomy = np.array([row[1] for row in rows] * len(peopled), object)
    share = np.tile([row[2] for row in rows], len(peopled))
    people = zones.population[zone] * share
    buildings, area_m2 = _sizes(country, place, taxonomy, people)
    longitude, latitude = _scattered(zones, zone, rng)
    price = np.array([USD_PER_M2[name[0]] for name in taxonomy])
    night, day = (people * np.array([PEOPLE[one, when] for one in place]) for when in ("night", "day"))
    return Exposure(
        asset_id=np.array([f"{zones.zone_id[z]}-{p}-{t}" for z, p, t in zip(zone, place, taxonomy, strict=True)]),
        zone_id=zones.zone_id[zone],
        longitude=longitude,
        latitude=latitude,
        taxonomy=taxonomy,
        buildings=buildings,
        occupants_day=day,
        occupants_night=night,
        area_m2=area_m2,
        replacement_usd=area_m2 * price,
        simulated=True,
        source=f"SIMULATED from zone population and PAGER's inventory of {country.upper()} ({area})",
    )


def _sizes(country: str, place: np.ndarray, taxonomy: np.ndarray, people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Buildings (whole, at least one) and floor area in m2 of each asset."""
    tall = np.array([name.split("-")[0][-1] if name.split("-")[0][-1] in "LMH" else "" for name in taxonomy], object)
    tall[[name.startswith("MH-") for name in taxonomy]] = ""
    home = place == "home"
    dwellings = people / PERSONS_PER_DWELLING.get(country.upper(), OTHER_PERSONS_PER_DWELLING)
    workers = people * PEOPLE["work", "day"]
    in_one = np.where(home, [DWELLINGS[one] for one in tall], [WORKERS[one] for one in tall])
    buildings = np.maximum(np.rint(np.where(home, dwellings, workers) / in_one), 1.0)
    area = np.where(home, dwellings * AREA_PER_DWELLING_M2, workers * AREA_PER_WORKER_M2)
    return buildings, area


def _scattered(zones: Zones, zone: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Places evenly over a circle of the zone's area around its middle, degrees."""
    radius = np.sqrt(zones.area_km2 / np.pi)
    radius = np.where(np.isnan(radius), RADIUS_KM, radius)[zone] * np.sqrt(rng.random(len(zone)))
    angle = 2 * np.pi * rng.random(len(zone))
    km = 111.19492664455873  # of a degree of latitude on the sphere of 6371 km
    latitude = np.clip(zones.latitude[zone] + radius * np.sin(angle) / km, -90, 90)
    narrow = np.maximum(np.cos(np.radians(latitude)), 1e-6)
    return wrap_longitude(zones.longitude[zone] + radius * np.cos(angle) / km / narrow), latitude
