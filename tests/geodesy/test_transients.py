from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from houfeng.errors import InputError, NotEnoughDataError
from houfeng.geodesy.noise import Noise
from houfeng.geodesy.positions import Positions, make_positions
from houfeng.geodesy.regressors import Step
from houfeng.geodesy.simulated import simulate_positions
from houfeng.geodesy.transients import Foretellings, transient_score, transient_scores
from houfeng.times import from_datetime64

START = datetime(2015, 1, 1, tzinfo=UTC)
NOISE = Noise(0.6, 0.4)


def made(seed, days=1500, **more):
    return simulate_positions(np.random.default_rng(seed), start=START, days=days, noise=NOISE, **more)


def slowly_slipping(seed, since, mm_per_day=0.15) -> Positions:
    p = made(seed)
    slip = mm_per_day * np.clip((p.time - np.datetime64(since.replace(tzinfo=None))) / np.timedelta64(1, "D"), 0, None)
    return make_positions(p.station, p.time, east_mm=p.east_mm + slip, north_mm=p.north_mm)


def test_where_nothing_happens_scores_are_about_one():
    moments = [START + timedelta(days=d) for d in range(900, 1490, 45)]
    squares = np.concatenate([transient_scores(made(seed), moments, window_days=30) ** 2 for seed in range(6)])
    assert np.isfinite(squares).all()
    assert 0.6 < squares.mean() < 1.6
    assert (squares > 9).mean() < 0.02


def test_a_slow_slip_is_seen():
    since = START + timedelta(days=1200)
    score = transient_score(slowly_slipping(1, since), since + timedelta(days=60), window_days=30)
    assert score.score > 5 and score.n_days >= 25
    assert score.deviation_mm[0] == pytest.approx(0.15 * 45, abs=2.0)
    assert np.isnan(score.deviation_mm[2]) or abs(score.deviation_mm[2]) < 20


def test_scores_of_many_times_are_those_of_single_times():
    p = made(2)
    date, _ = Foretellings(p, (), refit_days=90).before(datetime(2018, 5, 28, tzinfo=UTC))
    moment = from_datetime64(date) + timedelta(days=30)  # the window begins on the day of the fit
    many = transient_scores(p, [moment], window_days=30)[0]
    assert many == pytest.approx(transient_score(p, moment, window_days=30).score, rel=0.05)


def test_a_known_step_in_the_past_is_no_transient_and_an_unknown_one_is():
    moment = START + timedelta(days=1000)
    p = made(3, steps=((moment, (20.0, 0.0, 0.0)),))
    later = moment + timedelta(days=300)
    assert transient_score(p, later, steps=(Step(moment),)).score < 3
    soon = transient_score(p, moment + timedelta(days=20), steps=(Step(moment),))
    assert soon.score > 5  # within the window it is a deviation


def test_a_step_not_yet_known_is_not_used():
    moment = START + timedelta(days=1000)
    p = made(3, steps=((moment, (20.0, 0.0, 0.0)),))
    told_late = Step(moment, issued=moment + timedelta(days=380))
    at = moment + timedelta(days=350)
    assert transient_score(p, at, steps=(told_late,)).score == transient_score(p, at, steps=()).score


def test_without_a_past_or_a_present_there_is_no_score():
    p = made(4)
    with pytest.raises(NotEnoughDataError, match="past of 730 days"):
        transient_score(p, START + timedelta(days=100))
    with pytest.raises(NotEnoughDataError, match="in the window"):
        transient_score(p, START + timedelta(days=1700))
    scores = transient_scores(p, [START + timedelta(days=d) for d in (100, 1700)])
    assert np.isnan(scores).all()
    with pytest.raises(InputError, match="too short"):
        transient_score(p, START + timedelta(days=1000), window_days=3)
    with pytest.raises(InputError, match="at least 1"):
        transient_scores(p, [START], refit_days=0)
