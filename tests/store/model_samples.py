"""A small fitted model and its card, for the files and the registry."""

from datetime import UTC, datetime

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.models.smoothed import Smoothed
from houfeng.regions import Region
from houfeng.store.model_cards import Column, ModelCard, Score
from houfeng.store.model_files import library_versions
from houfeng.store.runs import code_version
from houfeng.values import Provenance

END = datetime(2010, 1, 1, tzinfo=UTC)


def past(n: int = 300, seed: int = 1) -> Catalog:
    rng = np.random.default_rng(seed)
    return Catalog.of(
        time=np.datetime64("2000-01-01", "us") + np.sort(rng.integers(0, 3600, n)).astype("timedelta64[D]"),
        longitude=rng.uniform(10, 13, n),
        latitude=rng.uniform(40, 43, n),
        depth_km=np.full(n, 8.0),
        magnitude=np.round(3 + rng.exponential(0.43, n).clip(0, 3), 2),
        provenance=Provenance("made up for a test", "CC0", END, publication_delay_s=600.0),
    )


def fitted(seed: int = 1):
    region = Region.box("small", west=10.0, south=40.0, east=13.0, north=43.0, cell_deg=0.5)
    return Smoothed(min_magnitude=3.0).fit(past(seed=seed), region)


def card(name: str = "one", **changes) -> ModelCard:
    score = Score("log score", "nats per active cell", 0.02, 0.01, 0.03, "champion", "held out, 2008 to 2010")
    told = {
        "name": name,
        "model": "smoothed",
        "reference": "Helmstetter and others (2007)",
        "parameters": {"min_magnitude": 3.0},
        "fitted": {"rate_per_day": (1.0, 0.9, 1.1)},
        "region": fitted().region.to_geojson(),
        "min_magnitude": 3.0,
        "target_magnitude": 3.5,
        "horizon_days": 7.0,
        "trained_from": datetime(2000, 1, 1, tzinfo=UTC),
        "trained_to": END,
        "catalog": {"digest": "0" * 64, "source": "made up for a test", "licence": "CC0", "n_events": 300, "label": ""},
        "licence": "CC0",
        "code_version": code_version(),
        "libraries": library_versions(),
        "made": END,
        "seed": 132,
        "columns": (Column("log_rate", "rate of the past", "ln 1/day", "catalogue", 0.5, 2.0),),
        "learned_from": {"rows": 100},
        "scores": (score,),
    }
    return ModelCard(**told | changes)
