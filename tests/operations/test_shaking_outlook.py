"""What a forecast means for towns, and what is worth doing beforehand."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from houfeng.catalogs.catalog import Catalog
from houfeng.operations.forecast import forecast
from houfeng.operations.shaking_outlook import (
    LEVELS,
    advice_for,
    chilean_towns,
    shaking_outlook,
    usual_actions,
    usual_depth_km,
)
from houfeng.operations.training import train
from houfeng.regions import Region
from houfeng.shaking.forecast import ShakingForecast
from houfeng.values import Provenance

END = datetime(2020, 1, 1, tzinfo=UTC)


def catalog(depth_km: float, n: int = 1200) -> Catalog:
    rng = np.random.default_rng(3)
    days = np.sort(rng.random(n) * 3652)
    return Catalog.of(
        time=np.datetime64("2010-01-01", "us") + (days * 86_400e6).astype("timedelta64[us]"),
        longitude=rng.uniform(-72.9, -70.1, n),
        latitude=rng.uniform(-32.9, -29.1, n),
        depth_km=np.full(n, depth_km),
        magnitude=np.round(4.0 + rng.exponential(1 / np.log(10), n), 1),
        provenance=Provenance("made up for a test", "CC0", END),
    )


@pytest.fixture(scope="module")
def region() -> Region:
    return Region.box("near", west=-73.0, south=-33.0, east=-70.0, north=-29.0, cell_deg=0.5)


def outlooks(data: Catalog, region: Region, models: str = "chile", **more) -> tuple[ShakingForecast, ShakingForecast]:
    """Of the week and the year after the data."""
    trained = train(data, region, as_of=END, models=("poisson",), min_magnitude=4.0)
    lengths = {"week": timedelta(days=7), "year": timedelta(days=365)}
    made = forecast(data, region, as_of=END, horizons=lengths, trained=trained, seed=1).forecasts
    return tuple(
        shaking_outlook(made["poisson", horizon], chilean_towns(), data, region=models, **more) for horizon in lengths
    )


@pytest.fixture(scope="module")
def usual(region) -> tuple[ShakingForecast, ShakingForecast]:
    return outlooks(catalog(30.0), region)


def test_chances_are_ranges_and_fall_with_intensity(usual):
    week, _ = usual
    for place in range(len(chilean_towns())):
        strong, violent = (week.at(place, level) for level in LEVELS)
        for chance in (strong, violent):
            assert 0 <= chance.low <= chance.value <= chance.high <= 1
        assert violent.value < strong.value


def test_a_longer_window_holds_more(usual):
    week, year = usual
    for place in range(len(chilean_towns())):
        assert year.at(place, 6.0).value > week.at(place, 6.0).value > 0


def test_more_earthquakes_mean_a_greater_chance(region, usual):
    fewer = outlooks(catalog(30.0, n=300), region)[1]
    assert fewer.at(0, 6.0).value < usual[1].at(0, 6.0).value


def test_other_levels_and_other_models(region, usual):
    other = outlooks(catalog(30.0), region, "global", levels=(5.0,))[0]
    assert tuple(other.levels) == (5.0,)
    assert other.at(0, 5.0).value > usual[0].at(0, 6.0).value
    slab = outlooks(catalog(100.0), region)[0]
    assert slab.at(0, 6.0).value != usual[0].at(0, 6.0).value, "deep ones break within the slab"


def test_advice_follows_the_chance(usual):
    week, year = usual
    for outlook in (week, year):
        found = advice_for(outlook, 0)
        assert [each.action for each in found] and {each.action.kind for each in found} == {
            action.kind for action in usual_actions()
        }
        for each in found:
            assert each.probability.value == outlook.at(0, 7.0).value and each.to_text("en") and each.to_text("zh")
    cheap = {each.action.kind: each.net_benefit.value for each in advice_for(week, 0)}
    dear = {each.action.kind: each.net_benefit.value for each in advice_for(year, 0)}
    assert all(dear[kind] > cheap[kind] for kind in cheap), "the more probable, the more it pays"


def test_towns_are_where_they_are_and_have_two_names():
    towns = chilean_towns()
    assert "Coquimbo" in towns.names[0]["en"] and not towns.rejected, "the city of the demo comes first"
    assert all(name["zh"] for name in towns.names)
    assert (np.abs(towns.latitude + 30.5) < 5).all() and (np.abs(towns.longitude + 71) < 2).all()


def test_depth_is_that_of_past_earthquakes_nearby(region):
    for depth, expected in ((33.0, 40.0), (97.0, 100.0), (2.0, 10.0)):
        assert (usual_depth_km(region.grid(), catalog(depth)) == expected).all()
    assert (usual_depth_km(region.grid(), catalog(float("nan"))) == 20.0).all()


def test_actions_cost_something_and_spare_something():
    for action in usual_actions():
        assert action.cost > 0 and 0 < action.loss.low < action.loss.value < action.loss.high
    assert len({action.place for action in usual_actions()}) == 3 and LEVELS == (6.0, 7.0)
