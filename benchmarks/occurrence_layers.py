"""Layers of the ablation table: what each is made of, and which of them are only controls.

GNSS: eight daily stations whose files do not say where they are, so the layer is the mean over the network, the same
in all cells. Geology: distance to the San Andreas Fault, drawn by hand from eight points, some 10 km true. Weather:
SIMULATED pressure and rain that know nothing of earthquakes: a control, from which there is nothing to learn.
"""

from datetime import timedelta
from pathlib import Path

import numpy as np

from houfeng.features.base import Lineage
from houfeng.features.faults import Fault, FaultLayer
from houfeng.features.layers import Age, RasterLayer, TableLayer
from houfeng.geodesy.columns import geodetic_columns
from houfeng.geodesy.reading import read_positions
from houfeng.regions import Region
from houfeng.times import from_datetime64

#: Of the columns of GNSS, those that mean something without places.
OF_NETWORK = ("gnss_velocity_change_30d_mm_per_year", "gnss_velocity_change_90d_mm_per_year",
              "gnss_transient_score_30d", "gnss_transient_score_90d")  # fmt: skip
SAN_ANDREAS = np.array([[-124.0, 40.2], [-122.9, 38.3], [-122.3, 37.5], [-121.2, 36.6], [-120.3, 35.8],
                        [-118.9, 34.8], [-117.4, 34.2], [-115.7, 33.3]])  # fmt: skip
#: Steps at which GNSS columns are made, days; a value counts for as long.
EVERY_DAYS = 7


def gnss(folder: Path, region: Region, times: np.ndarray) -> TableLayer:
    """Mean over the network, at each of `times`."""
    longitude, latitude = float(region.grid().longitude.mean()), float(region.grid().latitude.mean())
    stations = [
        read_positions(path, longitude=longitude, latitude=latitude).positions for path in sorted(folder.glob("*.csv"))
    ]
    columns = geodetic_columns(
        stations,
        [from_datetime64(time) for time in times],
        longitude=np.array([longitude]),
        latitude=np.array([latitude]),
        reach_km=1.0,
    )
    about = {name: Lineage("CWU daily positions, mean of 8 stations", name, "see the name") for name in OF_NETWORK}
    n = len(times)
    return TableLayer(
        "gnss",
        times=times,
        issued=times,
        longitude=np.full(n, longitude),
        latitude=np.full(n, latitude),
        values={name: columns[name][:, 0] for name in OF_NETWORK},
        about=about,
        radius_km=3000.0,
        age=Age(days=EVERY_DAYS),
    )


def geology() -> FaultLayer:
    """Distance to one fault."""
    fault = Fault(SAN_ANDREAS, float("nan"), "strike-slip")
    return FaultLayer((fault,), source="drawn by hand, SIMPLIFIED", licence="Houfeng", name="geology")


def weather(region: Region, times: np.ndarray, seed: int) -> RasterLayer:
    """SIMULATED pressure: waves of some days that pass over, and noise."""
    rng = np.random.default_rng(seed)
    west, south, east, north = region.bounds
    longitude, latitude = np.arange(west - 1, east + 2.0, 1.0), np.arange(south - 1, north + 2.0, 1.0)
    days = (times - times[0]) / np.timedelta64(1, "D")
    waves = [
        8 * np.sin(2 * np.pi * (days[:, None, None] / rng.uniform(4, 9) + longitude[None, None] / rng.uniform(10, 30)))
        for _ in range(3)
    ]
    values = 1013 + sum(waves) + rng.normal(0, 2, (len(times), len(latitude), len(longitude)))
    return RasterLayer(
        "weather",
        times=times,
        issued=times + np.timedelta64(6, "h").astype("timedelta64[us]"),
        longitude=longitude,
        latitude=latitude,
        values=values,
        about=Lineage("SIMULATED", "SIMULATED pressure, a control", "hPa"),
        age=Age(days=float(timedelta(days=15) / timedelta(days=1))),
    )
