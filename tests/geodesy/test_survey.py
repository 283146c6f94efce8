from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from houfeng.cli.output import to_plain
from houfeng.errors import NotEnoughDataError
from houfeng.geodesy.noise import Noise
from houfeng.geodesy.regressors import Decay, Step
from houfeng.geodesy.simulated import simulate_positions
from houfeng.geodesy.survey import as_record, survey

START = datetime(2015, 1, 1, tzinfo=UTC)
STEP = START + timedelta(days=400)
PLACES = {"A": (-118.0, 36.1), "B": (-117.6, 35.9), "C": (-118.3, 35.8)}


def network(places=PLACES, days=700):
    return [
        simulate_positions(
            np.random.default_rng(i), start=START, days=days, noise=Noise(0.6, 0.3), station=name, longitude=lon,
            latitude=lat, steps=((STEP, (12.0, 0.0, 0.0)),), velocity_mm_per_year=(10 * (lon + 118), 0.0, 0.0),
        )
        for i, (name, (lon, lat)) in enumerate(places.items())
    ]  # fmt: skip


def test_a_network_from_top_to_bottom():
    found = survey(network())
    assert [abs(one.offsets[0].time - STEP) <= timedelta(1) for one in found.stations] == [True] * 3
    assert found.common.stations == ("A", "B", "C")
    assert found.strain.dilatation[0] == pytest.approx(111, abs=40)
    assert not found.notes
    record = to_plain(as_record(found))
    assert record["simulated"] is True
    first = record["stations"][0]
    low, high = first["offsets"][0]["size"]["east"][1:]
    assert low <= 12 <= high and first["steps"][0]["known"] is False
    assert len(record["scatter_mm"]) == 9 and record["strain"]["n_stations"] == 3


def test_known_steps_are_not_searched_again_and_search_can_be_left():
    told = survey(network(), steps=[Step(STEP)], decays=[Decay(STEP)])
    assert not any(one.offsets for one in told.stations)
    assert as_record(told)["stations"][0]["steps"][0]["known"] is True
    blind = survey(network(), search=False)
    assert all(one.trajectory.regressors.steps == () for one in blind.stations)


def test_as_of_a_time_nothing_later_is_used():
    moment = STEP - timedelta(days=1)
    found = survey(network(), steps=[Step(STEP)], decays=[Decay(STEP)], as_of=moment)
    assert all(one.positions.issued[-1] <= np.datetime64(moment.replace(tzinfo=None)) for one in found.stations)
    assert all(one.trajectory.regressors.steps == () for one in found.stations)


def test_what_is_missing_is_said():
    nowhere = {"A": (np.nan, np.nan), "B": (np.nan, np.nan), "C": (-118.3, 35.8)}
    assert "1 are known" in survey(network(nowhere), search=False).notes[0]
    two = survey(network()[:2], search=False)
    assert two.common is None and two.strain is None and "need 3 stations" in two.notes[0]
    on_a_line = {"A": (-118.0, 35.0), "B": (-118.0, 35.5), "C": (-118.0, 36.0)}
    assert "on a line" in survey(network(on_a_line), search=False).notes[0]
    short = [*network()[:1], network(days=700)[1].select(np.arange(20))]
    assert "20 positions" in survey(short, search=False).notes[0]
    with pytest.raises(NotEnoughDataError, match="no station has enough"):
        survey([])
    with pytest.raises(NotEnoughDataError, match="has no positions"):
        survey(network(), as_of=START)
