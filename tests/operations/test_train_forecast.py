"""How learners are judged on the part held out: a sample of its cells stands for all of them."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from houfeng.catalogs.catalog import Catalog
from houfeng.models.learned.gathering import Moment, Question
from houfeng.models.learned.learners import Prior
from houfeng.models.learned.prior import PriorRates
from houfeng.models.learned.rows import Level, Rows
from houfeng.operations import train_forecast as room
from houfeng.regions import Region
from houfeng.times import to_datetime64
from houfeng.values import Provenance

EDGE = datetime(2010, 1, 1, tzinfo=UTC)
WEEKS, HELD_OUT = 60, timedelta(days=7 * 60 + 3)
REGION = Region.box("small", west=10.0, south=40.0, east=13.0, north=43.0, cell_deg=0.2, depth_max_km=50)


class Known:
    """A fitted model whose features are the prior and nothing else."""

    region, level = REGION, Level(1.0, 1.0)
    prior = None
    model = SimpleNamespace(
        question=Question(4.0, 7.0, 7.0), seed=1, min_magnitude=3.0, target=4.0, looks_at=("features",)
    )
    rule = Prior()

    def rows(self, history, moment, cells, looks_at):
        n = len(cells)
        return Rows(
            np.full(n, moment.time), cells, np.zeros((n, 0)), np.log(moment.prior.total[cells]), np.zeros(n, bool),
            np.ones(n), np.zeros((n, 0, 0, 0)), np.zeros((n, 0, 0)),
        )  # fmt: skip


@pytest.fixture
def judged(monkeypatch):
    """Cards of a learner that says what the champion says, and the expected number of active cells over the true."""
    rng, grid = np.random.default_rng(2), REGION.grid()
    rates = rng.gamma(0.3, 0.03, (WEEKS, len(grid))) + 1e-6
    week, cell = np.nonzero(rng.random(rates.shape) < -np.expm1(-rates))
    start = to_datetime64(EDGE)
    history = Catalog.of(
        time=start + (week * 7 + 1).astype("timedelta64[D]"),
        longitude=grid.longitude[cell],
        latitude=grid.latitude[cell],
        depth_km=np.full(len(week), 5.0),
        magnitude=np.full(len(week), 4.5),
        provenance=Provenance("made up for a test", "CC0", EDGE + HELD_OUT),
    )

    def moments(prior, history, times, horizon_days, features):
        assert (
            len(times) == WEEKS
            and times[0] == start
            and times[-1] + np.timedelta64(7, "D") <= to_datetime64(EDGE + HELD_OUT)
        )
        for row, time in zip(rates, times, strict=True):
            yield Moment(time, np.zeros((len(grid), 0), np.float32), PriorRates(0.5 * row, 0.5 * row))

    monkeypatch.setattr(room, "moments_of", moments)
    monkeypatch.setattr(room, "JUDGED_QUIET", 30)
    monkeypatch.setattr(room, "_average", lambda early, one, count: np.tile(rates.mean(axis=0), (count, 1)))
    cards = room._judge({"same": Known()}, history, EDGE, {"same": 1.0}, lambda message: None)
    return {card.name: card for card in cards}, -np.expm1(-rates).sum() / len(week)


def test_a_sample_of_the_quiet_cells_stands_for_all(judged):
    cards, ratio = judged
    assert set(cards) == {"same", "champion", "smoothed"}
    for name in ("same", "champion"):
        assert cards[name].over_smoothed.expected_ratio.value == pytest.approx(ratio, rel=0.1)


def test_a_learner_that_says_what_the_champion_says_gains_nothing(judged):
    cards, _ = judged
    gain = cards["same"].over_champion.log_gain
    assert gain.value == pytest.approx(0, abs=1e-9) and cards["same"].verdict == "undecided"
    assert cards["champion"].over_smoothed.log_gain.low > 0
    assert cards["champion"].over_smoothed.auc.value > 0.6
