"""Proof that no model saw the future: change the future, and not a byte of the forecast may change.

For one model and window three worlds are made that agree on all that was known at the start of the window:
the catalogue as it is; the same with everything unknown then taken away; and the same with fabricated great
earthquakes, in the region, some that happen after the start and some that happened before and are published
after it. The model is fitted and forecasts in each, from the same seed. What it forecasts must be the same
to the last byte.

What this cannot see: a model that reads other files than the catalogue, or was written by somebody who knew
what happened. No test of a program can.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import HoufengError
from houfeng.experiments.work import Inputs, Unit, issue
from houfeng.times import Window, from_datetime64, to_datetime64

#: Fabricated earthquakes after the start of the window, and before it but not yet published.
AFTER, UNPUBLISHED = 40, 10

_TEXTS = {
    None: "Proof that no model sees the future: not asked for (--prove).",
    True: "Proof that no model sees the future: passed. Taking the future away, or fabricating one, changed no byte.",
    False: "Proof that no model sees the future: FAILED by {models}.",
}


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of one model and window.

    Attributes
    ----------
    model, window
        Label, and number of the window.
    digest
        SHA-256 of the forecast and its simulated catalogues on the catalogue as it is.
    without_future, with_false_future
        The same, with everything unknown at the start taken away, and with fabricated events added.
    failure
        Why there was no forecast; empty where there was.
    """

    model: str
    window: int
    digest: str = ""
    without_future: str = ""
    with_false_future: str = ""
    failure: str = ""

    @property
    def passed(self) -> bool:
        """Whether the forecast is the same in all three worlds."""
        return not self.failure and self.digest == self.without_future == self.with_false_future


def prove_no_future(inputs: Inputs, unit: Unit) -> Proof:
    """Forecast one window in three worlds that differ only in what was unknown at its start."""
    experiment = inputs.experiment
    window = experiment.windows[unit.window]
    worlds = {
        "digest": inputs.catalog,
        "without_future": without_future(inputs.catalog, window),
        "with_false_future": with_false_future(inputs, window),
    }
    found = {}
    for name, catalog in worlds.items():
        try:
            world = replace(inputs, catalog=catalog)
            if experiment.min_magnitude is None and window == experiment.windows[0]:
                world = Inputs.of(experiment, catalog)  # the estimate of completeness is on trial too
            found[name] = issue(world, unit).digest
        except HoufengError as error:
            return Proof(unit.model, unit.window, failure=f"{type(error).__name__}: {error}")
    return Proof(unit.model, unit.window, **found)


def without_future(catalog: Catalog, window: Window) -> Catalog:
    """Only what had been issued by the start of `window`; the data end there."""
    known = catalog.select(catalog.issued <= to_datetime64(window.start))
    end = min(window.start, catalog.provenance.data_end)
    return replace(known, provenance=replace(known.provenance, data_end=end))


def with_false_future(inputs: Inputs, window: Window) -> Catalog:
    """The catalogue with fabricated earthquakes unknown at the start of `window`: great, many, in the region."""
    region, catalog = inputs.experiment.region, inputs.catalog
    rng = np.random.default_rng(inputs.experiment.seed)
    n = AFTER + UNPUBLISHED
    start = to_datetime64(window.start)
    length_us = round(window.days * 86_400e6)
    time = start + rng.integers(1, length_us, n).astype("timedelta64[us]")
    time[AFTER:] = start - rng.integers(1, 86_400_000_000, UNPUBLISHED).astype("timedelta64[us]")
    issued = np.maximum(time, start) + np.timedelta64(1, "us")
    grid = region.grid()
    cell = rng.integers(len(grid), size=n)
    top = min(region.corner_magnitude, 8.5)
    magnitude = np.round(np.maximum(inputs.min_magnitude, top - rng.exponential(0.5, n)), 1)
    depth = np.full(n, min(10.0, region.depth_max_km))
    added = {
        "event_id": np.array([f"fabricated-{i}" for i in range(n)], object),
        "time": time,
        "longitude": grid.longitude[cell],
        "latitude": grid.latitude[cell],
        "depth_km": depth,
        "magnitude": magnitude,
        "magnitude_type": np.full(n, "", object),
        "issued": issued,
    }
    columns = {name: np.concatenate([column, added[name]]) for name, column in catalog.columns.items()}
    end = max(catalog.provenance.data_end, from_datetime64(issued.max()))
    return Catalog(**columns, provenance=replace(catalog.provenance, data_end=end))


def proof_record(proofs: Sequence[Proof] | None, inputs: Inputs) -> dict:
    """The proof as the scoreboard tells it; None where none was asked for."""
    windows = inputs.experiment.windows
    outcomes = [
        asdict(proof)
        | {"passed": proof.passed, "start": windows[proof.window].start.isoformat().replace("+00:00", "Z")}
        for proof in proofs or ()
    ]
    passed = None if proofs is None else all(proof.passed for proof in proofs)
    text = _TEXTS[passed].format(models=", ".join(proof.model for proof in proofs or () if not proof.passed))
    return {"ran": proofs is not None, "passed": passed, "text": text, "outcomes": outcomes}


def first_units(inputs: Inputs, scorable: Iterable[int]) -> tuple[Unit, ...]:
    """The first window of every model."""
    first = min(scorable)
    return tuple(Unit(label, first) for label in inputs.experiment.labels)
