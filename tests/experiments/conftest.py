"""A small world for experiments: two degrees by two, ten years of earthquakes, a sequence in the test period."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from houfeng.catalogs.catalog import Catalog
from houfeng.catalogs.reading import write_catalog
from houfeng.experiments import CatalogFile, Experiment, ModelEntry
from houfeng.regions import Region
from houfeng.store import Store
from houfeng.times import Window
from houfeng.values import Provenance

BEGIN = datetime(2010, 1, 1, tzinfo=UTC)
FIRST = datetime(2019, 12, 1, tzinfo=UTC)
END = datetime(2020, 3, 1, tzinfo=UTC)
SHOCK = datetime(2019, 12, 14, 6, 30, tzinfo=UTC)


def earthquakes() -> Catalog:
    """Two thousand Gutenberg-Richter earthquakes from M3, a cluster in the south-west, an M6 and its aftershocks."""
    rng = np.random.default_rng(7)
    n, m = 1500, 120
    span = (END - BEGIN) / timedelta(days=1)
    after = 0.02 * ((1 + 60 / 0.02) ** rng.random(m) - 1)
    shock = (SHOCK - BEGIN) / timedelta(days=1)
    days = np.concatenate([rng.random(n) * span, [shock], shock + after])
    near = rng.random(n) < 0.6
    size = np.minimum(rng.exponential(1 / np.log(10), n + m), 2.4)
    longitude = np.where(near, rng.normal(10.5, 0.1, n), rng.uniform(9.0, 12.5, n))
    latitude = np.where(near, rng.normal(40.5, 0.1, n), rng.uniform(39.5, 42.0, n))
    keep = days < span
    return Catalog.of(
        time=np.datetime64("2010-01-01", "us") + (days * 86_400e6).astype("timedelta64[us]"),
        longitude=np.concatenate([longitude, [11.2], rng.normal(11.2, 0.05, m)]),
        latitude=np.concatenate([latitude, [41.1], rng.normal(41.1, 0.05, m)]),
        depth_km=np.full(n + m + 1, 10.0),
        magnitude=np.concatenate([np.round(3.0 + size[:n], 1), [6.0], np.round(3.0 + size[n:], 1)]),
        provenance=Provenance("made up for a test", "CC0", END),
    ).select(np.sort(np.flatnonzero(keep)))


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return earthquakes()


@pytest.fixture(scope="session")
def region() -> Region:
    return Region.box("small", west=10.0, south=40.0, east=12.0, north=42.0, cell_deg=0.2, depth_max_km=50)


@pytest.fixture(scope="session")
def experiment_of(region):
    """Make a quick experiment; keyword arguments replace its parts."""

    def make(**changes) -> Experiment:
        parts = {
            "name": "small",
            "catalog": CatalogFile("nowhere.csv"),
            "region": region,
            "models": (ModelEntry("smoothed"), ModelEntry("poisson")),
            "windows": daily(20),
            "reference": "smoothed",
            "min_magnitude": 3.0,
            "n_simulations": 200,
            "seed": 5,
        }
        return Experiment(**parts | changes)

    return make


def daily(n: int, *, start: datetime = FIRST, days: float = 1.0, step: float = 1.0) -> tuple[Window, ...]:
    """`n` windows of so many days."""
    return tuple(Window.after(start + i * timedelta(days=step), timedelta(days=days)) for i in range(n))


@pytest.fixture(name="daily", scope="session")
def daily_fixture():
    return daily


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def catalog_file(catalog, tmp_path):
    path = tmp_path / "earthquakes.csv"
    write_catalog(catalog, path)
    return path
