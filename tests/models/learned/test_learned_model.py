"""Learned models as forecast models: the champion times a factor, nothing from the future, the whole contract."""

import gc
import weakref
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import numpy as np
import pytest

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import FutureError, InputError, NotEnoughDataError
from houfeng.features.discs import DAY_US
from houfeng.features.seismicity import standard_features
from houfeng.forecasts.counts import Counts
from houfeng.models.adaptive.model import AdaptiveEtas
from houfeng.models.learned import model as learned
from houfeng.models.learned.gathering import Question, gather, moments_of
from houfeng.models.learned.learners import Prior
from houfeng.models.learned.model import LearnedModel, scaled_counts
from houfeng.models.registry import create_model
from houfeng.regions import Region
from houfeng.times import Window

KNOWN = datetime(2010, 1, 1, tzinfo=UTC)
SHARED = {"min_magnitude": 3.0, "target_magnitude": 3.5, "every_days": 14.0, "n_catalogs": 400}


@dataclass(frozen=True)
class Untaught(LearnedModel):
    """Learns nothing: the champion with its level."""

    name: ClassVar[str] = "untaught"
    reference: ClassVar[str] = "none"

    def learner(self) -> Prior:
        """Nothing."""
        return Prior()


@pytest.fixture(scope="module")
def known(catalog):
    return catalog.as_of(KNOWN)


@pytest.fixture(scope="module")
def boosting(known, region):
    return create_model("boosting", rounds=40, **SHARED).fit(known, region)


@pytest.fixture(scope="module")
def untaught(known, region):
    return Untaught(**SHARED).fit(known, region)


@pytest.fixture(scope="module")
def window():
    return Window.after(KNOWN, timedelta(days=7))


def test_a_model_that_learned_nothing_is_the_champion(untaught, known, window):
    ours = untaught.forecast(known, window, np.random.default_rng(3))
    theirs = untaught.prior.forecast(known, window, np.random.default_rng(3))
    assert ours.gridded.rates == pytest.approx(theirs.gridded.rates, rel=1e-9)
    assert ours.counts.expected == pytest.approx(theirs.counts.expected)
    assert np.array_equal(ours.counts.samples, theirs.counts.samples)
    assert ours.issue.model == "untaught"
    catalogs = [fitted.simulate(known, window, np.random.default_rng(3), 50) for fitted in (untaught, untaught.prior)]
    assert np.array_equal(catalogs[0].magnitude, catalogs[1].magnitude)


def test_the_forecast_is_the_champion_s_cell_by_cell_times_its_factor(boosting, known, window):
    boosting = replace(boosting, rule=_ByCell())
    ours = boosting.forecast(known, window, np.random.default_rng(3))
    theirs = boosting.prior.forecast(known, window, np.random.default_rng(3))
    factor = boosting.factors(known, window.start)
    assert factor.shape == (len(boosting.region.grid()),) and np.ptp(factor) > 0
    assert ours.gridded.rates == pytest.approx(theirs.gridded.rates * factor[:, None])
    overall = ours.gridded.expected / theirs.gridded.expected
    assert ours.counts.expected == pytest.approx(theirs.counts.expected * overall)
    assert ours.counts.samples[:, 0].mean() == pytest.approx(overall * theirs.counts.samples[:, 0].mean(), rel=0.1)
    assert "Multiplied by what was learned of M>=3.5 within 7 days" in ours.explanation.notes[-1]


def test_rates_are_the_level_times_the_prior_times_the_factor(boosting, known):
    moment = boosting.moment(known, KNOWN)
    expected = boosting.level.of(moment.prior.background, moment.prior.triggered)
    assert boosting.rates(known, KNOWN) == pytest.approx(expected * boosting.factors(known, KNOWN))


def test_simulated_catalogues_have_the_factor_on_average(boosting, known, window):
    tripled = replace(boosting, rule=_Times(np.log(3.0)))
    n = 1500
    theirs = boosting.prior.simulate(known, window, np.random.default_rng(4), n)
    ours = tripled.simulate(known, window, np.random.default_rng(4), n)
    halved = replace(boosting, rule=_Times(np.log(0.5))).simulate(known, window, np.random.default_rng(4), n)
    inside = boosting.region.contains(longitude=theirs.longitude, latitude=theirs.latitude).sum()
    assert len(ours.magnitude) == pytest.approx(3 * inside + (len(theirs.magnitude) - inside), rel=0.02)
    assert len(halved.magnitude) == pytest.approx(0.5 * inside, rel=0.2)
    grid = boosting.region.grid()
    cells = [grid.index_of(longitude=s.longitude, latitude=s.latitude) for s in (theirs, ours)]
    counts = [np.bincount(c[c >= 0], minlength=len(grid)) for c in cells]
    assert np.array_equal(counts[1], 3 * counts[0])
    assert ours.catalog_id.max() < n and (ours.time >= np.datetime64("2010-01-01")).all()
    assert (ours.time < np.datetime64("2010-01-08")).all()


@dataclass(frozen=True)
class _ByCell:
    """Every cell has a factor of its own."""

    def log_rate(self, rows):
        return rows.log_prior + np.sin(rows.cell)


@dataclass(frozen=True)
class _Times:
    """The prior, everywhere e^`by`."""

    by: float

    def log_rate(self, rows):
        return rows.log_prior + self.by


def test_nothing_from_the_future_changes_a_factor(boosting, catalog):
    at = datetime(2010, 6, 1, tzinfo=UTC)
    honest = catalog.as_of(at)
    n = 200
    rng = np.random.default_rng(0)
    later = Catalog.of(
        time=np.datetime64("2010-06-01", "us") + np.sort(rng.integers(1, 10**12, n)).astype("timedelta64[us]"),
        longitude=rng.uniform(10, 13, n), latitude=rng.uniform(40, 43, n), magnitude=rng.uniform(3, 7, n),
        depth_km=np.full(n, 8.0), provenance=catalog.provenance,
    )  # fmt: skip
    false = replace(
        honest, **{name: np.concatenate([column, later.columns[name]]) for name, column in honest.columns.items()}
    )
    assert boosting.factors(false, at) == pytest.approx(boosting.factors(honest, at), rel=5e-3)
    with pytest.raises(FutureError):
        boosting.forecast(catalog, Window.after(at, timedelta(days=7)), rng)


def test_what_followed_is_looked_up_no_further_than_is_known(known, region, boosting):
    question = boosting.model.question
    times = question.moments(datetime(2005, 1, 1, tzinfo=UTC), known.provenance.data_end)
    assert times[-1] + np.timedelta64(7, "D") <= np.datetime64("2010-01-01")
    assert (np.diff(times) == np.timedelta64(14, "D")).all()


def test_labels_are_of_the_horizon_of_the_target_and_of_the_cell(catalog, region):
    question, grid = Question(3.5, 7.0, 14.0), region.grid()
    moment = catalog.time[1000].astype("datetime64[D]").astype("datetime64[us]")
    active = question.active(catalog.within(region), moment, grid)
    soon = (catalog.time >= moment) & (catalog.time < moment + np.timedelta64(7, "D")) & (catalog.magnitude >= 3.5)
    cells = grid.index_of(longitude=catalog.longitude[soon], latitude=catalog.latitude[soon])
    assert set(np.flatnonzero(active)) == set(cells.tolist()) - {-1}


def test_a_horizon_holds_its_beginning_and_not_its_end(catalog, region):
    question, start = Question(3.5, 7.0, 7.0), np.datetime64("2005-01-01", "us")
    one = catalog.select(np.flatnonzero(catalog.magnitude >= 3.5)[:1])
    for offset, there in ((-1, False), (0, True), (7 * DAY_US - 1, True), (7 * DAY_US, False)):
        when = np.array([start + np.timedelta64(offset, "us")])
        moved = replace(one, time=when, issued=when)
        assert question.active(moved, start, region.grid()).any() == there
    for end in (KNOWN, KNOWN + timedelta(days=4)):
        times = question.moments(datetime(2004, 1, 7, tzinfo=UTC), end)
        assert times[-1] <= np.datetime64(end.replace(tzinfo=None)) - question.horizon < times[-1] + question.horizon


def test_gathered_rows_are_what_was_asked(boosting, known):
    features = standard_features(3.0)
    asked = Question(3.5, 7.0, 28.0, quiet=15)
    got = gather(boosting.prior, known, asked, features, np.random.default_rng(0),
                 looks_at=("features", "patches", "sequences"))  # fmt: skip
    rows, names = got.rows, [name for feature in features for name in feature.names]
    assert rows.features.shape == (len(rows), len(names))
    assert rows.patches.shape[0] == rows.sequences.shape[0] == len(rows)
    assert rows.patches.shape[2:] == (9, 9) and rows.sequences.shape[1] == 32
    assert rows.weight.sum() == pytest.approx(got.moments * got.cells, rel=0.1)
    expected = (np.exp(rows.log_prior) * rows.weight).sum()
    assert expected == pytest.approx(rows.active.sum(), rel=0.25)
    # A row is what the table has of its moment and cell, and the middle of its map is its cell.
    number = int(np.flatnonzero(rows.active)[3])
    (moment,) = moments_of(boosting.prior, known, rows.time[number : number + 1], 7.0, features)
    assert np.array_equal(moment.features[rows.cell[number]], rows.features[number], equal_nan=True)
    middle = rows.patches[number, -1, 4, 4]
    assert middle == pytest.approx(np.log(moment.prior.total[rows.cell[number]]), abs=0.02)


def test_rows_are_gathered_anew_for_another_seed_region_or_layer(untaught, known, region, monkeypatch):
    """And kept for the next learner that asks the same; what is kept holds what its key names by identity."""
    gathered = []

    def told(prior, history, question, features, rng, **more):
        gathered.append((prior.region, rng.integers(2**31), more["layers"]))
        return len(gathered)

    monkeypatch.setattr(learned, "gather", told)
    monkeypatch.setattr(learned, "_KEPT", {})
    monkeypatch.setattr(AdaptiveEtas, "fit", lambda self, history, region: replace(untaught.prior, region=region))
    asked = {"min_magnitude": 3.0, "target_magnitude": 3.5}
    other = Region.box(region.name, west=11.0, south=41.0, east=12.0, north=42.0, cell_deg=0.2)
    models = [create_model("boosting", seed=seed, **asked) for seed in (1, 1, 2)]
    assert [learned._gathered(model, known, region)[1] for model in models] == [1, 1, 2]
    assert learned._gathered(models[-1], known, other)[1] == 3 and gathered[-1][0] is other
    layer = _Rain()
    assert learned._gathered(create_model("boosting", layers=(layer,), **asked), known, region)[1] == 4
    there = weakref.ref(layer)
    del layer
    gathered.clear()
    gc.collect()
    assert there() is not None, "a layer that is let go may leave its id to another"


class _Rain:
    """A layer without columns."""

    names, lineage = (), {}


@pytest.mark.parametrize("name", ["cnn", "rnn"])
def test_networks_see_maps_and_sequences_at_forecast_time_too(name, known, region):
    few = SHARED | {"target_magnitude": 3.0, "every_days": 28.0, "quiet_cells": 10}
    fitted = create_model(name, epochs=0.5, members=1, width=8, **few).fit(known, region)
    factor = fitted.factors(known, KNOWN)
    assert factor.shape == (225,) and np.isfinite(factor).all() and (factor > 0).all()
    assert fitted.rows(known, fitted.moment(known, KNOWN)).active.sum() == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"target_magnitude": 2.0}, "below the completeness"), ({"horizon_days": 0.0}, "must be positive"),
     ({"quiet_cells": 0}, "must be positive"), ({"n_catalogs": 0}, "catalogues|catalogs")],
)  # fmt: skip
def test_impossible_settings_are_refused_before_anything_is_fitted(changes, words):
    with pytest.raises(InputError, match=words):
        create_model("boosting", **SHARED | changes)


def test_too_little_to_learn_from_is_said(known, region):
    with pytest.raises(NotEnoughDataError, match="active"):
        create_model("boosting", **SHARED | {"target_magnitude": 5.5, "every_days": 50.0}).fit(known, region)
    with pytest.raises(NotEnoughDataError, match="moments"):
        create_model("boosting", **SHARED | {"every_days": 400.0}).fit(known, region)


@pytest.mark.parametrize("factor", [0.0, 0.3, 1.0, 1.7, 12.0])
def test_scaled_counts_keep_their_order_and_have_the_right_mean(factor):
    rng = np.random.default_rng(0)
    lowest = rng.poisson(6.0, 20_000)
    samples = np.column_stack([lowest, rng.binomial(lowest, 0.3), np.zeros(20_000, int)])
    samples[:, 2] = rng.binomial(samples[:, 1], 0.2)
    survival = np.array([[1.0, 0.3, 0.06]])
    found = scaled_counts(Counts(np.array([3.0, 3.5, 4.0]), samples.mean(axis=0), samples, survival), factor, rng)
    assert (np.diff(found.samples, axis=1) <= 0).all() and (found.samples >= 0).all()
    assert found.samples.mean(axis=0) == pytest.approx(factor * samples.mean(axis=0), rel=0.05, abs=1e-9)
    assert found.expected == pytest.approx(factor * samples.mean(axis=0))
