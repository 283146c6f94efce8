"""A small world for experiments: two degrees by two, ten years of earthquakes in sequences."""

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
    """Ten years of earthquakes from M3 that trigger each other (about half are triggered), an M6 among the last."""
    rng = np.random.default_rng(7)
    span, n = (END - BEGIN) / timedelta(days=1), 500
    shock = (SHOCK - BEGIN) / timedelta(days=1)
    days = np.append(rng.random(n) * span, shock)
    size = np.append(rng.exponential(1 / np.log(10), n).clip(0, 2.4), 3.0)
    x, y = np.append(rng.uniform(9.0, 12.5, n), 11.2), np.append(rng.uniform(39.5, 42.0, n), 41.1)
    generations = [(days, size, x, y)]
    while len(days):
        parent = np.repeat(np.arange(len(days)), rng.poisson(0.16 * 10 ** (0.75 * size)))
        m = len(parent)
        after = days[parent] + 0.01 * ((1 - 0.9 * rng.random(m)) ** -5.0 - 1)
        width = 0.01 * 10 ** (0.4 * size[parent])
        x, y = x[parent] + width * rng.standard_normal(m), y[parent] + width * rng.standard_normal(m)
        days, size = after, rng.exponential(1 / np.log(10), m).clip(0, 2.4)
        generations.append((days, size, x, y))
    days, size, x, y = (np.concatenate(column) for column in zip(*generations, strict=True))
    keep = days < span
    return Catalog.of(
        time=np.datetime64("2010-01-01", "us") + (days[keep] * 86_400e6).astype("timedelta64[us]"),
        longitude=x[keep],
        latitude=y[keep],
        depth_km=np.full(keep.sum(), 10.0),
        magnitude=np.round(3.0 + size[keep], 1),
        event_id=np.array([f"made{i}" for i in range(keep.sum())], object),
        provenance=Provenance("made up for a test", "CC0", END),
    )


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
