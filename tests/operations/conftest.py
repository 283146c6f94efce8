import importlib.util
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from houfeng.catalogs.catalog import Catalog
from houfeng.operations.plan import Case, Plan
from houfeng.regions import Region
from houfeng.values import Provenance

#: Moment of the forecasts of the tests; the data go on for another sixty days.
AS_OF = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def region() -> Region:
    """Two degrees by two, four hundred cells."""
    return Region.box("small", west=10.0, south=40.0, east=12.0, north=42.0)


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """Ten years of Gutenberg-Richter earthquakes from M3, a cluster in the south-west, a few outside."""
    rng = np.random.default_rng(7)
    n = 1500
    start = np.datetime64("2010-01-01", "us")
    days = np.sort(rng.random(n) * 3712.0)
    near = rng.random(n) < 0.6
    longitude = np.where(near, rng.normal(10.5, 0.1, n), rng.uniform(9.0, 12.5, n))
    latitude = np.where(near, rng.normal(40.5, 0.1, n), rng.uniform(39.5, 42.0, n))
    return Catalog.of(
        time=start + (days * 86_400e6).astype("timedelta64[us]"),
        longitude=longitude,
        latitude=latitude,
        depth_km=np.full(n, 10.0),
        magnitude=np.round(3.0 + rng.exponential(1 / np.log(10), n), 1),
        provenance=Provenance("made up for a test", "CC0", datetime(2020, 3, 1, tzinfo=UTC)),
    )


@pytest.fixture
def plan_for(catalog, region, tmp_path):
    """Make a quick plan; keyword arguments replace its parts."""

    def make(**changes) -> Plan:
        parts = {
            "case": Case("test"),
            "catalog": catalog,
            "region": region,
            "moments": (AS_OF,),
            "horizons": {"day": timedelta(days=1), "week": timedelta(days=7)},
            "models": ("poisson",),
            "min_magnitude": 3.0,
            "n_simulations": 5,
            "seed": 1,
            "folder": tmp_path / "out",
        }
        return Plan(**parts | changes)

    return make


@pytest.fixture(scope="session")
def learners_world() -> Catalog:
    """The earthquakes that the tests of learned models learn from."""
    place = Path(__file__).parents[1] / "models" / "learned" / "conftest.py"
    spec = importlib.util.spec_from_file_location("learners_world", place)
    world = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(world)
    return world.earthquakes()
