"""The anomaly score: fitted on the first half of the time, blind to what came later."""

import warnings
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import MissingExtraError, NotEnoughDataError
from houfeng.operations import anomalies
from houfeng.operations.anomalies import Strangeness, score_anomalies
from houfeng.operations.clusters import find_clusters, write_clusters
from houfeng.regions import Region
from houfeng.times import to_datetime64
from houfeng.values import Provenance

REGION = Region.box("patch", west=-121, south=34, east=-119, north=36)
AS_OF = datetime(2008, 1, 1, tzinfo=UTC)
ALIKE = {"region": REGION, "as_of": AS_OF, "min_magnitude": 3.0}


def steady(seed: int = 1, n: int = 6000) -> Catalog:
    """SIMULATED: eight years of lone earthquakes."""
    rng = np.random.default_rng(seed)
    begin, end = np.datetime64("2000-01-01", "us"), to_datetime64(AS_OF)
    time = np.sort(begin + (rng.random(n) * (end - begin).astype(float)).astype("timedelta64[us]"))
    time[0] = begin
    return Catalog.of(
        time=time, longitude=rng.uniform(-121, -119, n), latitude=rng.uniform(34, 36, n),
        magnitude=3 + rng.exponential(0.4, n), depth_km=rng.uniform(1, 15, n),
        provenance=Provenance("SIMULATED", "none", AS_OF),
    )  # fmt: skip


def with_swarm(catalog: Catalog, start: str, n: int = 400) -> Catalog:
    """The same, and `n` strong earthquakes in one place within a month."""
    rng = np.random.default_rng(2)
    time = np.datetime64(start, "us") + (rng.random(n) * 30 * 86400e6).astype("timedelta64[us]")
    join = np.concatenate
    return Catalog.of(
        time=join([catalog.time, time]), longitude=join([catalog.longitude, np.full(n, -120.0)]),
        latitude=join([catalog.latitude, np.full(n, 35.0)]), depth_km=join([catalog.depth_km, np.full(n, 14.0)]),
        magnitude=join([catalog.magnitude, 5 + rng.exponential(0.4, n)]), provenance=catalog.provenance,
    )  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _few_moments():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(anomalies, "MOST_MOMENTS", 60)
        yield


@pytest.fixture(scope="module")
def scored() -> Strangeness:
    return score_anomalies(with_swarm(steady(), "2006-06-01"), **ALIKE)


@pytest.fixture(scope="module")
def plain() -> Strangeness:
    return score_anomalies(steady(), **ALIKE)


def test_the_first_half_is_the_training_period_and_moments_end_at_the_as_of(scored):
    assert scored.times[-1] == to_datetime64(AS_OF) and (np.diff(scored.times) > np.timedelta64(0)).all()
    training = scored.times <= to_datetime64(scored.trained_until)
    assert abs(training.mean() - 0.5) < 0.02
    assert scored.times[0] >= np.datetime64("2000-12-31")
    assert np.isfinite(scored.score).all() and (scored.score > 0).all()


def test_a_swarm_like_none_before_is_strange_and_its_place_is_told(scored):
    swarm = (scored.times > np.datetime64("2006-07-01")) & (scored.times < np.datetime64("2006-12-01"))
    before = scored.times < np.datetime64("2006-06-01")
    assert scored.score[swarm].min() > scored.level > np.median(scored.score[before])
    assert (np.hypot(scored.longitude[swarm] + 120, scored.latitude[swarm] - 35) < 1.0).all()
    assert scored.share_above() > 0.1


def test_what_came_after_the_training_period_changes_nothing_before_it(scored, plain):
    other = plain  # without the swarm
    half = scored.times < np.datetime64("2006-06-01")
    assert other.level == scored.level and other.trained_until == scored.trained_until
    assert np.array_equal(other.times, scored.times)
    assert np.array_equal(other.score[half], scored.score[half])
    assert not np.array_equal(other.score, scored.score)


def test_a_swarm_published_only_after_the_as_of_is_not_seen(plain):
    catalog = with_swarm(steady(), "2002-06-01")
    issued = catalog.issued.copy()
    issued[catalog.depth_km == 14.0] = np.datetime64("2009-01-01", "us")
    late = replace(catalog, issued=issued)
    assert np.array_equal(score_anomalies(late, **ALIKE).score, plain.score)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_table_and_picture_are_written(scored, tmp_path, language):
    study = find_clusters(steady(), **ALIKE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        names = write_clusters(study, tmp_path, anomaly=scored, language=language)
    assert {"anomaly.csv", "anomaly.png"} < set(names)
    assert (tmp_path / "anomaly.png").stat().st_size > 20_000
    lines = (tmp_path / "anomaly.csv").read_text().splitlines()
    assert lines[0] == "time,score,longitude,latitude,above_level,training" and len(lines) == len(scored.times) + 1
    cells = [line.split(",") for line in lines[1:]]
    assert sum(int(cell[4]) for cell in cells) == (scored.score > scored.level).sum()
    assert sum(int(cell[5]) for cell in cells) == len(scored.times) // 2


def test_too_little_is_told():
    catalog = steady(n=60)
    with pytest.raises(NotEnoughDataError, match="no cell of 0.2 degrees"):
        score_anomalies(catalog, **ALIKE)
    with pytest.raises(NotEnoughDataError, match="too short"):
        score_anomalies(steady(), **ALIKE | {"as_of": datetime(2001, 2, 1, tzinfo=UTC)})


def test_without_the_extra_its_installation_is_told(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"pip install houfeng\[learn\]"):
        score_anomalies(steady(n=60), **ALIKE)
