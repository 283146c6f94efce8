from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from houfeng.errors import InputError
from houfeng.geodesy.noise import Noise
from houfeng.geodesy.offsets import detect_offsets
from houfeng.geodesy.outliers import clean
from houfeng.geodesy.reading import read_positions
from houfeng.geodesy.regressors import Step
from houfeng.geodesy.simulated import simulate_positions
from houfeng.geodesy.trajectory import TrajectoryModel

START = datetime(2015, 1, 1, tzinfo=UTC)
STEP = datetime(2016, 8, 9, tzinfo=UTC)
NOISE = Noise(0.6, 0.4)


def made(seed, steps=(), days=1000, gap_share=0.02):
    rng = np.random.default_rng(seed)
    return simulate_positions(rng, start=START, days=days, noise=NOISE, steps=steps, gap_share=gap_share)


def test_without_steps_false_alarms_are_as_rare_as_promised():
    n = sum(bool(detect_offsets(made(seed, days=800), false_alarm=0.05)) for seed in range(30))
    assert n <= 5  # expected at most 1.5; 6 or more of 30 happen once in 300 times


def test_steps_are_found_on_their_day_and_their_sizes_lie_in_their_intervals():
    hits, days = [], []
    for seed in range(16):
        found = detect_offsets(made(seed, steps=((STEP, (8.0, -4.0, 0.0)),), days=800))
        assert len(found) >= 1
        nearest = min(found, key=lambda o: abs(o.time - STEP))
        days.append(abs((nearest.time - STEP).total_seconds()) / 86_400)
        hits += [e.low <= truth <= e.high for e, truth in zip(nearest.size_mm[:2], (8.0, -4.0), strict=True)]
        assert nearest.false_alarm < 0.01
        assert nearest.earliest <= nearest.time <= nearest.latest
    assert max(days) <= 1
    assert 0.88 <= np.mean(hits) <= 1.0


def test_what_the_model_knows_is_not_found_again():
    p = made(1, steps=((STEP, (20.0, 0.0, 0.0)),))
    assert detect_offsets(p) and not detect_offsets(p, TrajectoryModel((Step(STEP),)))


def test_a_large_step_does_not_hide_a_smaller_one():
    second = STEP + timedelta(days=150)
    p = made(3, steps=((STEP, (50.0, 0.0, 0.0)), (second, (0.0, 7.0, 0.0))))
    times = [o.time for o in detect_offsets(p)]
    assert len(times) == 2 and abs(times[0] - STEP) <= timedelta(1) and abs(times[1] - second) <= timedelta(1)


@pytest.mark.parametrize("after", [6, 20])
def test_a_step_is_found_soon_after_it_and_not_before(after):
    p = made(4, steps=((STEP, (15.0, 0.0, 0.0)),), gap_share=0.0)
    assert not detect_offsets(p.as_of(STEP + timedelta(days=1)))
    for offset in detect_offsets(p.as_of(STEP + timedelta(days=4))):  # days are too few to tell which
        assert offset.earliest <= STEP <= offset.latest
    found = detect_offsets(p.as_of(STEP + timedelta(days=after + 2)))
    assert len(found) == 1 and abs(found[0].time - STEP) <= timedelta(1)
    assert found[0].size_mm[0].low <= 15.0 <= found[0].size_mm[0].high


def test_days_near_a_long_gap_are_searched_with_what_there_is():
    p = made(5, steps=((STEP, (15.0, 0.0, 0.0)),))
    gap = (p.time > np.datetime64("2016-08-30")) & (p.time < np.datetime64("2016-12-30"))
    found = detect_offsets(p.select(~gap))
    assert [abs(o.time - STEP) <= timedelta(1) for o in found] == [True]


def test_mistakes_are_named():
    for more in ({"false_alarm": 0.0}, {"window_days": 3}, {"min_after": 1}):
        with pytest.raises(InputError, match="false_alarm"):
            detect_offsets(made(1, days=300), **more)


@pytest.mark.shared
@pytest.mark.parametrize(("station", "component"), [("P093", 1), ("P094", 1), ("P544", 0), ("P563", 0),
                                                    ("P567", 0), ("P571", 0)])  # fmt: skip
def test_the_ridgecrest_step_is_found_unannounced(shared_data, station, component):
    raw = read_positions(shared_data / "geodesy" / "daily" / f"position.{station}.cwu.nam14.csv").positions
    raw = raw.between(datetime(2015, 1, 1, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC))
    values = raw.displacement_mm[component]
    before = (raw.time > np.datetime64("2019-06-24")) & (raw.time < np.datetime64("2019-07-04"))
    after = (raw.time > np.datetime64("2019-07-07")) & (raw.time < np.datetime64("2019-07-17"))
    direct = values[after].mean() - values[before].mean()
    found = detect_offsets(clean(raw)[0])
    nearest = min(found, key=lambda o: abs(o.time - datetime(2019, 7, 6, 3, 20, tzinfo=UTC)))
    assert abs(nearest.time - datetime(2019, 7, 6, 3, 20, tzinfo=UTC)) <= timedelta(days=1)
    assert nearest.size_mm[component].value == pytest.approx(direct, abs=2.0)


@pytest.mark.shared
def test_the_ridgecrest_step_is_found_four_days_after_it(shared_data):
    p = read_positions(shared_data / "geodesy" / "daily" / "position.P571.cwu.nam14.csv").positions
    p = p.between(datetime(2014, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC))
    assert not detect_offsets(clean(p.as_of(datetime(2019, 7, 6, tzinfo=UTC)))[0])
    (found,) = detect_offsets(clean(p.as_of(datetime(2019, 7, 10, tzinfo=UTC)))[0])
    assert found.earliest <= datetime(2019, 7, 6, 3, 20, tzinfo=UTC) <= found.latest
    assert found.size_mm[0].low <= -12.0 <= found.size_mm[0].high
