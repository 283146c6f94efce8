"""Fits of catalogues that the model itself made: what went in comes out, within its intervals."""

from dataclasses import replace

import numpy as np
import pytest
from adaptive_samples import data_of

from houfeng.errors import NotEnoughDataError
from houfeng.models.adaptive import fit as fitting
from houfeng.models.adaptive import laws
from houfeng.models.adaptive.fit import AdaptiveFit, fit_adaptive
from houfeng.models.adaptive.past import Past, Smoothing
from houfeng.models.adaptive.simulate import AdaptiveSetup, simulate
from houfeng.models.etas.likelihood import Evaluation
from houfeng.models.magnitudes import TaperedGutenbergRichter

#: Of times: no quiet, no pace, no independence, so that what is drawn for simulated events does not matter.
TIME = np.array([np.log(0.25), np.log(0.045), 1.3, 0.0, 0.0, 0.0, np.log(0.02), 0.15, np.log(400.0)])
SPACE = np.array([*TIME, np.log(4.0), 0.8, 0.0, np.log(0.7)])
SPACE[0] = np.log(0.25)
LAW = TaperedGutenbergRichter(b=1.0, min_magnitude=3.0, corner_magnitude=6.0)
SIDE, YEARS, SEEDS = 400.0, 5.0, range(4)
SMOOTHING = Smoothing(SIDE**2, 1.0, steady_share=1.0)


def catalogue(seed: int, days: float = 365.25 * YEARS):
    """A catalogue that the simulator drew from a past of one small earthquake in the middle of a square."""
    first = data_of(np.zeros(1), np.full((1, 3), SIDE / 2) * [1, 1, 0], np.zeros(1), end_day=1.0)
    # all of the background even: the simulator's spacing of past events does not matter then
    wide = replace(SMOOTHING, even_share=1.0, spacing_km=10.0)
    past = Past.unjudged(first, np.ones(1, bool), wide, scale=False)
    setup = AdaptiveSetup(TIME, SPACE, past, LAW, 0.0, days, plane_km=(0.0, 0.0, SIDE, SIDE))
    batch = simulate(setup, 1, seed)
    return data_of(batch.days, batch.xyz_km, batch.m, start_day=0.1 * days, end_day=days)


def fitted(data) -> AdaptiveFit:
    return fit_adaptive(data, np.ones(len(data.days), bool), SMOOTHING, progress=lambda _: None)


@pytest.fixture(scope="module")
def fits() -> list[AdaptiveFit]:
    return [fitted(catalogue(seed)) for seed in SEEDS]


def test_the_parameters_of_times_come_back_within_their_intervals(fits):
    """Those that the features of the fit do not change: background, magnitude, Omori."""
    rows = [laws.LN_MU, laws.FIRST_FEATURE, laws.LN_C, laws.OMEGA]
    inside = 0
    for one in fits:
        sd = np.sqrt(np.diag(one.time_covariance))[rows]
        assert (sd > 0).all()
        inside += int((np.abs(one.time[rows] - TIME[rows]) < 3.0 * sd + 0.05).sum())
    assert inside >= len(rows) * len(fits) - 2
    means = np.mean([one.time for one in fits], axis=0)
    assert means[laws.FIRST_FEATURE] == pytest.approx(1.3, abs=0.2)
    assert means[laws.LN_MU] == pytest.approx(TIME[0], abs=0.35)


def test_features_without_effect_get_none(fits):
    for one in fits:
        sd = np.sqrt(np.diag(one.time_covariance))
        for i in (laws.FIRST_FEATURE + 2, laws.FIRST_FEATURE + 3):
            assert abs(one.time[i]) < 4 * sd[i] + 0.05


def test_the_kernel_comes_back(fits):
    means = np.mean([one.space for one in fits], axis=0)
    assert means[laws.LN_D] == pytest.approx(np.log(4.0), abs=0.8)
    assert means[laws.LN_RHO] == pytest.approx(np.log(0.7), abs=0.35)


def test_what_is_said_of_the_fit_adds_up(fits):
    one = fits[0]
    assert 3 <= one.passes <= fitting.MOST_PASSES
    assert np.isfinite([one.time_log_likelihood, one.space_log_likelihood]).all()
    assert (one.time >= laws.LOWER[: laws.TIME_SIZE] - 1e-9).all()
    assert (one.space <= laws.UPPER + 1e-9).all()
    assert one.space_log_likelihood > -np.log(SIDE**2), "better than anywhere alike"
    own = one.past.independence[one.past.data.target]
    assert 0.05 < own.mean() < 0.95
    eigenvalues = np.linalg.eigvalsh(one.time_covariance)
    assert eigenvalues.min() > -1e-8


def test_the_likelihood_ends_higher_than_where_the_truth_is(fits):
    """With what was believed before: that is what is climbed."""
    one = fits[0]
    past, targets = one.past, np.flatnonzero(one.past.data.target)
    share = fitting.inside_share(past, one.space)
    activity = past.activity(past.data.days[targets], targets)
    days = past.activity_integral(past.data.start_day, past.data.end_day)
    likelihood = fitting.TimeLikelihood(past.data, past.features, share, activity, days, one.time)
    top, truth = (fitting._with_prior(likelihood, vector).value for vector in (one.time, TIME))
    assert top >= truth - 0.01
    assert top - truth < 40


def test_the_same_catalogue_gives_the_same_fit(fits):
    again = fitted(catalogue(0))
    assert again.time.tobytes() == fits[0].time.tobytes()
    assert again.space.tobytes() == fits[0].space.tobytes()
    assert again.past.independence.tobytes() == fits[0].past.independence.tobytes()


def few(n: int, seed: int = 1):
    """`n` earthquakes anywhere at any time: no clusters to learn from."""
    rng = np.random.default_rng(seed)
    xyz = np.column_stack([rng.uniform(0, SIDE, (n, 2)), np.zeros(n)])
    return data_of(np.sort(rng.uniform(0, 2000, n)), xyz, rng.exponential(1 / np.log(10), n), start_day=-1.0)


@pytest.mark.parametrize("seed", range(3))
def test_sixty_earthquakes_say_nothing_absurd(seed):
    one = fitted(few(60, seed))
    integral = fitting.OmoriTable.of(laws.Decay.from_vector(one.time)).integral(np.zeros(1), np.array([365.25]))[0]
    z = one.past.features.productivity @ one.time[laws.FIRST_FEATURE : laws.FIRST_FEATURE + laws.FEATURES]
    assert np.exp(one.time[laws.LN_K] + z).mean() * integral < 0.5
    assert 0 < one.time[laws.FIRST_FEATURE] < 3
    off = np.abs(one.time - laws.PRIOR_MEAN[: laws.TIME_SIZE])
    believed = laws.PRIOR_INFORMATION[: laws.TIME_SIZE] > 0
    assert (off[believed] < 3.5 / np.sqrt(laws.PRIOR_INFORMATION[: laws.TIME_SIZE][believed])).all()


def test_fewer_than_fifty_are_refused():
    with pytest.raises(NotEnoughDataError, match="49 earthquakes to learn from, ETAS needs at least 50"):
        fitted(few(49))


def test_the_prior_is_a_gaussian():
    def flat(vector):
        return Evaluation(1.0, np.zeros(len(vector)), np.zeros((len(vector), len(vector))))

    for size in (laws.TIME_SIZE, laws.SPACE_SIZE):
        mean, strength = laws.PRIOR_MEAN[:size], laws.PRIOR_INFORMATION[:size]
        at, off = fitting._with_prior(flat, mean), fitting._with_prior(flat, mean + 1.0)
        assert at.value == 1.0
        np.testing.assert_array_equal(at.gradient, 0)
        assert off.value == pytest.approx(1.0 - strength.sum() / 2)
        np.testing.assert_allclose(off.gradient, -strength)
        np.testing.assert_allclose(off.information, np.diag(strength))


def test_the_busiest_swarm_triggers_less_than_one(fits):
    for one in fits:
        assert fitting.branching_when_busiest(one.time, one.past) < 1
        assert one.past.smoothing.busiest in fitting.BUSIEST
        assert min(one.past.quiet.min(), one.past.pace.min()) >= one.past.smoothing.busiest


def test_progress_is_told_pass_by_pass():
    told = []
    data = few(80)
    fit_adaptive(data, np.ones(80, bool), SMOOTHING, progress=told.append)
    assert told[0].startswith("pass 1: places ")
    assert "independent" in told[-1]
    assert len(told) >= 3
