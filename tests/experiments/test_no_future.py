"""No model sees the future, and one that does is caught."""

import sys
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar

import numpy as np
import pytest

from houfeng.catalogs.catalog import Catalog
from houfeng.experiments import Inputs, ModelEntry, Proof, Unit, issue, prove_no_future, work
from houfeng.experiments.proof import AFTER, UNPUBLISHED, proof_record, with_false_future, without_future
from houfeng.models import registry
from houfeng.models.poisson import Poisson
from houfeng.models.registry import model_names
from houfeng.models.stationary import FittedStationary
from houfeng.times import to_datetime64

#: In the midst of the sequence, four days after the shock.
WINDOW = 17

#: Past windows cost an ensemble a forecast of each member, learners a look at the whole past: a few show as much.
LEARNER = {"every_days": 14.0, "quiet_cells": 10}
NETWORK = {**LEARNER, "epochs": 0.3, "members": 1, "width": 8}
QUICKER = {
    "ensemble": {"n_windows": 6},
    **dict.fromkeys(("logistic", "svm"), LEARNER),
    "forest": {**LEARNER, "trees": 10},
    "stack": {"quiet_cells": 10, "trees": 10},
    "boosting": {**LEARNER, "rounds": 10},
    "pool": {**LEARNER, "members": ("logistic",)},
    **dict.fromkeys(("mlp", "cnn", "rnn", "fusion"), NETWORK),
}


def entry(name: str) -> ModelEntry:
    return ModelEntry(name, parameters=QUICKER.get(name, {}))


@pytest.fixture(scope="module")
def inputs_of(experiment_of, catalog):
    def make(*models: ModelEntry, **changes) -> Inputs:
        entries = models or (ModelEntry("poisson"),)
        return Inputs.of(experiment_of(models=entries, reference=entries[0].label, **changes), catalog)

    return make


@pytest.mark.parametrize("name", model_names())
def test_no_model_sees_the_future(name, inputs_of):
    proof = prove_no_future(inputs_of(entry(name), refit=1), Unit(name, WINDOW))
    assert proof.failure == "" and proof.passed, proof
    assert len(proof.digest) == 64


@pytest.mark.parametrize("name", model_names())
def test_what_was_known_does_change_the_forecast(name, inputs_of):
    """Else the proof would prove nothing: without the last two days before it, every forecast is another."""
    inputs = inputs_of(entry(name), refit=1)
    unit = Unit(name, WINDOW)
    start = to_datetime64(inputs.experiment.windows[WINDOW].start)
    catalog = inputs.catalog
    last = (catalog.time < start) & (catalog.time > start - np.timedelta64(2, "D"))
    assert last.any()
    assert issue(replace(inputs, catalog=catalog.select(~last)), unit).digest != issue(inputs, unit).digest


def test_the_estimate_of_completeness_is_on_trial_too(inputs_of, monkeypatch):
    inputs = inputs_of(min_magnitude=None)
    assert prove_no_future(inputs, Unit("poisson", 0)).passed

    def peeking(experiment, catalog):
        return round(float(catalog.magnitude.max()) - 2, 1)

    monkeypatch.setattr(Inputs, "_complete_from", staticmethod(peeking))
    assert not prove_no_future(inputs, Unit("poisson", 0)).passed


@dataclass(frozen=True)
class Peeking(Poisson):
    """Looks for a longer catalogue in the frames that called it."""

    name: ClassVar[str] = "peeking"

    def fit(self, history, region):
        return super().fit(longest(history), region)


@dataclass(frozen=True)
class PeekingLate(Poisson):
    """Fits honestly, and looks when it forecasts."""

    name: ClassVar[str] = "peeking-late"

    def fit(self, history, region):
        fitted = super().fit(history, region)
        return FittedPeeking(**{name: getattr(fitted, name) for name in fitted.__dataclass_fields__})


@dataclass(frozen=True, eq=False)
class FittedPeeking(FittedStationary):
    def forecast(self, history, window, rng):
        honest = super().forecast(history, window, rng)
        came = longest(history).between(window.start, window.end).within(self.region).above(3.0)
        return replace(honest, gridded=honest.gridded.scaled(1.0 + len(came)))


def longest(history: Catalog) -> Catalog:
    frame, found = sys._getframe(1), history
    while frame is not None:
        for value in frame.f_locals.values():
            catalog = value.catalog if isinstance(value, Inputs) else value
            if isinstance(catalog, Catalog) and len(catalog) > len(found):
                found = catalog
        frame = frame.f_back
    return found


@pytest.mark.parametrize("cheat", [Peeking, PeekingLate])
def test_a_model_that_peeks_is_caught(cheat, inputs_of, monkeypatch):
    monkeypatch.setitem(registry._MODELS, cheat.name, "made in this test")
    honest = registry.model_class.__wrapped__ if hasattr(registry.model_class, "__wrapped__") else registry.model_class

    def class_of(name):
        return cheat if name == cheat.name else honest(name)

    for module in (registry, sys.modules["houfeng.experiments.experiment"]):
        monkeypatch.setattr(module, "model_class", class_of)
    inputs = inputs_of(ModelEntry(cheat.name))
    proof = prove_no_future(inputs, Unit(cheat.name, WINDOW))
    assert proof.failure == "" and not proof.passed
    record = proof_record([proof], inputs)
    assert record["passed"] is False and f"FAILED by {cheat.name}" in record["text"]


def test_a_harness_that_cuts_by_origin_time_is_caught(inputs_of, monkeypatch):
    """Events that have happened but are not yet published must not be seen either."""

    def by_origin(catalog, region, moment):
        cut = catalog.before(moment)
        return replace(cut, provenance=replace(cut.provenance, data_end=min(moment, cut.provenance.data_end)))

    monkeypatch.setattr(work, "known", by_origin)
    assert not prove_no_future(inputs_of(refit=1), Unit("poisson", WINDOW)).passed


def test_a_harness_that_fits_late_is_caught(inputs_of, monkeypatch):
    honest = work._fit

    def late(inputs, label, moment):
        return honest(inputs, label, moment + timedelta(days=3))

    monkeypatch.setattr(work, "_fit", late)
    proof = prove_no_future(inputs_of(refit=1), Unit("poisson", WINDOW))
    assert not proof.passed


def test_a_failing_model_proves_nothing(inputs_of):
    proof = prove_no_future(inputs_of(ModelEntry("etas"), min_magnitude=5.5), Unit("etas", 0))
    assert not proof.passed and "NotEnoughDataError" in proof.failure


def test_the_false_future_is_great_within_the_region_and_unknown(inputs_of, catalog):
    inputs = inputs_of()
    window = inputs.experiment.windows[WINDOW]
    start = to_datetime64(window.start)
    world = with_false_future(inputs, window)
    assert len(world) == len(catalog) + AFTER + UNPUBLISHED
    fabricated = world.select(np.char.startswith(world.event_id.astype(str), "fabricated"))
    assert len(fabricated.within(inputs.experiment.region)) == AFTER + UNPUBLISHED
    assert fabricated.magnitude.max() > 7.5
    assert (fabricated.issued > start).all() and (fabricated.time < start).sum() == UNPUBLISHED
    assert window.contains(fabricated.time).sum() == AFTER


def test_without_the_future_only_what_was_issued_is_left(inputs_of, catalog):
    window = inputs_of().experiment.windows[WINDOW]
    world = without_future(catalog, window)
    assert world.issued.max() <= to_datetime64(window.start) and world.provenance.data_end == window.start
    assert len(world) == (catalog.issued <= to_datetime64(window.start)).sum()


@pytest.mark.parametrize(
    ("digests", "passed"),
    [(("a", "a", "a"), True), (("a", "b", "a"), False), (("a", "a", "b"), False)],
)
def test_all_three_worlds_must_agree(digests, passed):
    assert Proof("poisson", 0, *digests).passed is passed


def test_a_proof_that_was_not_asked_for_says_so(inputs_of):
    record = proof_record(None, inputs_of())
    assert (record["ran"], record["passed"], record["outcomes"]) == (False, None, [])
