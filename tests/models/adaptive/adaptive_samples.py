"""Invented catalogues, and the adaptive model written out straight from its formulas, in plain numpy."""

import numpy as np

from houfeng.geo import to_xyz_km
from houfeng.models.adaptive.likelihood import Features
from houfeng.models.etas.edges import KernelMass
from houfeng.models.etas.likelihood import EtasData
from houfeng.models.etas.tree import Block
from houfeng.regions import Region

WIDTH_KM = 300.0
#: ln mu, ln K, by magnitude, independence, quiet, pace, ln c, omega, ln tau | ln d, by magnitude, by spacing, ln rho.
SPACE = np.array([-0.7, -3.4, 1.4, -0.6, -0.2, 0.15, -4.5, 0.12, 5.0, 1.0, 0.8, 0.5, -0.4])
TIME = np.array([-0.4, -3.2, 1.3, -0.4, -0.15, 0.1, -5.0, 0.1, 5.5])
NAMES = [
    "ln mu", "ln K", "magnitude", "independence", "quiet", "pace", "ln c", "omega", "ln tau",
    "ln d", "growth with magnitude", "growth with spacing", "ln rho",
]  # fmt: skip


def clustered(rng: np.random.Generator, n: int, years: float = 6.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Days, places on a plane (n, 3) and magnitudes above completeness: main shocks and clusters about them."""
    mains = max(n // 3, 1)
    mother = rng.integers(0, mains, n - mains)
    days, xy = rng.uniform(0, 365.25 * years, mains), rng.uniform(0, WIDTH_KM, (mains, 2))
    after = 0.02 * ((1 + 200 / 0.02) ** rng.random(n - mains) - 1)
    days = np.concatenate([days, days[mother] + after])
    xy = np.vstack([xy, xy[mother] + rng.normal(0, 4.0, (n - mains, 2))])
    order = np.argsort(days, kind="stable")
    m = rng.exponential(1 / np.log(10), n)
    return days[order], np.column_stack([xy, np.zeros(n)])[order], m


def plane_data(rng: np.random.Generator, n: int, *, share_of_targets: float = 1.0, **more) -> EtasData:
    """Data on a boundless plane."""
    days, xyz, m = clustered(rng, n)
    return data_of(days, xyz, m, target=rng.random(n) < share_of_targets, **more)


def data_of(days, xyz_km, m, *, target=None, start_day=None, end_day=None, **more) -> EtasData:
    """Data whose window begins before the first event and ends after the last, unless told otherwise."""
    n = len(days)
    start_day = float(days[0]) if start_day is None else start_day
    end_day = float(days[-1]) + 1.0 if end_day is None else end_day
    target = np.ones(n, bool) if target is None else target
    columns = {
        "log_weight": np.zeros(n),
        "blind_days": np.zeros(n),
        "mass": KernelMass.everywhere(n),
        "background": np.full(n, WIDTH_KM**-2),
    } | more
    inside = target & (days >= start_day) & (days < end_day)
    return EtasData(np.asarray(days, float), xyz_km, m, inside, start_day, end_day, **columns)


def box() -> Region:
    """About 330 by 330 km in Chile."""
    return Region.box("box", west=-73.0, south=-32.0, east=-69.5, north=-29.0, cell_deg=0.25, corner_magnitude=8.5)


def sphere_data(rng: np.random.Generator, n: int, region: Region) -> tuple[EtasData, np.ndarray]:
    """Data on the sphere with sources up to a degree outside the region, and which lie inside."""
    days, plane, m = clustered(rng, n)
    west, south, east, north = region.bounds
    longitude = west - 1 + (east - west + 2) * np.mod(plane[:, 0] / WIDTH_KM, 1.0)
    latitude = south - 1 + (north - south + 2) * np.mod(plane[:, 1] / WIDTH_KM, 1.0)
    inside = region.contains(longitude=longitude, latitude=latitude)
    mass = KernelMass.of(region, longitude=longitude, latitude=latitude)
    xyz = to_xyz_km(longitude=longitude, latitude=latitude)
    return data_of(days, xyz, m, target=inside, mass=mass, background=np.full(n, 1 / region.area_km2)), inside


def random_features(rng: np.random.Generator, data: EtasData) -> Features:
    n = len(data.days)
    others = np.column_stack([rng.uniform(-0.5, 0.5, n), rng.normal(size=n), rng.normal(size=n)])
    return Features(np.column_stack([data.m, others]), np.column_stack([data.m, rng.normal(0, 0.5, n)]))


def full_lists(before: np.ndarray) -> tuple[Block, ...]:
    """Every earlier source by itself, no nodes."""
    offsets = np.concatenate([[0], np.cumsum(before)])
    entries = np.concatenate([np.arange(b) for b in before]).astype(np.int32)
    return (Block(0, offsets, entries),)


def decay(vector: np.ndarray, since: np.ndarray) -> np.ndarray:
    """Omori-Utsu with a taper, no constant before it."""
    c, omega, tau = np.exp(vector[6]), vector[7], np.exp(vector[8])
    return (since + c) ** -(1 + omega) * np.exp(-since / tau)


def productivity(vector: np.ndarray, data: EtasData, features: Features) -> np.ndarray:
    return np.exp(data.log_weight + vector[1] + features.productivity @ vector[2:6])


def spread(vector: np.ndarray, features: Features) -> np.ndarray:
    return np.exp(vector[9] + features.growth @ vector[10:12])


def kernel(vector: np.ndarray, spread_km2: np.ndarray, squared_km2: np.ndarray) -> np.ndarray:
    """One over the plane."""
    rho = np.exp(vector[12])
    return rho / np.pi * spread_km2**rho * (squared_km2 + spread_km2) ** -(1 + rho)


def rates_by_definition(vector, data, features, share, days, before) -> np.ndarray:
    """Rate in time at `days`, one after the other."""
    weight, out = productivity(vector, data, features) * share, np.full(len(days), np.exp(vector[0]))
    for i, (day, k) in enumerate(zip(days, before, strict=True)):
        out[i] += weight[:k] @ decay(vector, day - data.days[:k])
    return out


def densities_by_definition(vector, data, features, days, xyz_km, before, background) -> np.ndarray:
    """The density f(x | t) at points, one after the other."""
    whole, out = productivity(vector, data, features), np.empty(len(days))
    wide = spread(vector, features)
    share = data.mass.shares(wide, float(np.exp(vector[12])))[0]
    for i, (day, k) in enumerate(zip(days, before, strict=True)):
        active = whole[:k] * decay(vector, day - data.days[:k])
        squared = ((data.xyz_km[:k] - xyz_km[i]) ** 2).sum(axis=1)
        above = np.exp(vector[0]) * background[i] + active @ kernel(vector, wide[:k], squared)
        out[i] = above / (np.exp(vector[0]) + active @ share[:k])
    return out


def central_differences(function, vector: np.ndarray, step: float = 1e-4) -> np.ndarray:
    """Derivatives by each entry of `vector`, the last axis; of fourth order."""
    columns = []
    for i in range(len(vector)):
        ends = []
        for far in (-2, -1, 1, 2):
            moved = vector.copy()
            moved[i] += far * step
            ends.append(function(moved))
        columns.append((ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / (12 * step))
    return np.stack(columns, axis=-1)
