"""Small made-up catalogues for the tests of this room."""

from datetime import UTC, datetime

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.regions import Region
from houfeng.times import to_datetime64
from houfeng.values import Provenance

START = datetime(2015, 1, 1, tzinfo=UTC)
END = datetime(2017, 1, 1, tzinfo=UTC)
PROVENANCE = Provenance("simulated catalogue", "none", END)
BOX = Region.box("box", west=-120, south=33, east=-118, north=35, cell_deg=0.25)
DATE_LINE = Region.box("date line", west=179, south=-20, east=-179, north=-18, cell_deg=0.25)


def some_catalog(seed, n=120, region=BOX, *, late=True):
    """Earthquakes in and around a region over two years, some of them clustered, issued up to 30 days late."""
    rng = np.random.default_rng(seed)
    west, south, east, north = region.bounds
    time = to_datetime64(START) + rng.integers(0, 730 * 86_400_000, n) * np.timedelta64(1000, "us")
    longitude = rng.uniform(west - 0.5, east + 0.5, n)
    latitude = rng.uniform(south - 0.5, north + 0.5, n)
    longitude[: n // 2], latitude[: n // 2] = (west + east) / 2 + rng.normal(0, 0.1, n // 2), (south + north) / 2
    delay = rng.integers(0, 30 * 86_400_000, n) if late else np.full(n, 1_200_000)
    return Catalog.of(
        time=time,
        longitude=longitude,
        latitude=latitude,
        depth_km=np.where(rng.random(n) < 0.1, np.nan, rng.uniform(0, 30, n)),
        magnitude=np.round(2.5 + rng.exponential(0.6, n).clip(0, 5), 1),
        issued=time + delay * np.timedelta64(1000, "us"),
        provenance=PROVENANCE,
    )


def weekly(n=4, first="2016-06-01"):
    """Moments one week apart."""
    return np.datetime64(first, "us") + np.arange(n) * np.timedelta64(7 * 86_400_000_000, "us")
