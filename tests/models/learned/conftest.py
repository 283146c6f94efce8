"""A small world for learned models: three degrees by three, twelve years of sequences, one fit of the champion."""

from datetime import UTC, datetime

import numpy as np
import pytest

from houfeng.catalogs.catalog import Catalog
from houfeng.models.adaptive.model import AdaptiveEtas
from houfeng.regions import Region
from houfeng.values import Provenance

END = datetime(2012, 1, 1, tzinfo=UTC)


def earthquakes(seed: int = 3) -> Catalog:
    """Twelve years of earthquakes from M3 that trigger each other, along a line and round about it."""
    rng = np.random.default_rng(seed)
    span, n = 12 * 365.0, 900
    days, size = rng.random(n) * span, rng.exponential(1 / np.log(10), n).clip(0, 3.0)
    along = rng.uniform(0, 3, n)
    x, y = 10.0 + along, 40.0 + along + rng.normal(0, 0.4, n)
    parts = [(days, size, x, y)]
    while len(days):
        parent = np.repeat(np.arange(len(days)), rng.poisson(0.14 * 10 ** (0.8 * size)))
        m = len(parent)
        width = 0.01 * 10 ** (0.4 * size[parent])
        x, y = x[parent] + width * rng.standard_normal(m), y[parent] + width * rng.standard_normal(m)
        days = days[parent] + 0.01 * ((1 - 0.9 * rng.random(m)) ** -4.0 - 1)
        size = rng.exponential(1 / np.log(10), m).clip(0, 3.0)
        parts.append((days, size, x, y))
    days, size, x, y = (np.concatenate(column) for column in zip(*parts, strict=True))
    keep = days < span
    return Catalog.of(
        time=np.datetime64("2000-01-04", "us") + (days[keep] * 86_400e6).astype("timedelta64[us]"),
        longitude=x[keep],
        latitude=y[keep],
        depth_km=np.full(keep.sum(), 8.0),
        magnitude=np.round(3.0 + size[keep], 2),
        provenance=Provenance("made up for a test", "CC0", END, publication_delay_s=600.0),
    )


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return earthquakes()


@pytest.fixture(scope="session")
def region() -> Region:
    return Region.box("small", west=10.0, south=40.0, east=13.0, north=43.0, cell_deg=0.2, depth_max_km=50)


@pytest.fixture(scope="session")
def champion(catalog, region):
    """Fitted on the first ten years."""
    known = catalog.as_of(datetime(2010, 1, 1, tzinfo=UTC))
    return AdaptiveEtas(min_magnitude=3.0, n_catalogs=400).fit(known, region)
