"""Small building stocks for the tests of this room."""

import numpy as np

from houfeng.damage.exposure import Exposure


def stock(n: int = 6, *, zones: int = 2, types=("URML-PC", "C1M-LC", "W1-HC"), simulated=True, **columns) -> Exposure:
    """`n` assets in turn in `zones` zones and of `types`; 10 buildings and 40 residents each unless told."""
    base = {
        "asset_id": np.array([f"a{i}" for i in range(n)], object),
        "zone_id": np.array([f"z{i % zones}" for i in range(n)], object),
        "longitude": -71.25 + 0.01 * np.arange(n),
        "latitude": np.full(n, -29.95),
        "taxonomy": np.array([types[i % len(types)] for i in range(n)], object),
        "buildings": np.full(n, 10.0),
        "occupants_day": np.full(n, 20.0),
        "occupants_night": np.full(n, 40.0),
        "area_m2": np.full(n, 700.0),
        "replacement_usd": np.full(n, 5e5),
    }
    return Exposure(**(base | columns), simulated=simulated, source="test")
