"""The assessment: what goes in decides what comes out, and every number has a range."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from houfeng.damage.exposure import Exposure
from houfeng.errors import InputError, UnknownNameError
from houfeng.operations.assess import MEASURES, Assessment, assess, felt_measures, shaking, shaking_of_map
from houfeng.operations.event_files import read_earthquake
from houfeng.shaking.field import ShakingField
from houfeng.shaking.motion import Motion
from houfeng.shaking.rupture import Rupture
from houfeng.shaking.sites import Sites
from houfeng.shaking.stations import Stations
from tests.operations.invented_town import EVENT

QUAKE = read_earthquake(EVENT)


def exposure(n: int = 12, *, simulated: bool = False) -> Exposure:
    rng = np.random.default_rng(1)
    return Exposure(
        asset_id=np.array([f"a{i}" for i in range(n)], object),
        zone_id=np.array([f"z{i % 3}" for i in range(n)], object),
        taxonomy=np.array(["URML-LC", "C1M-LC"] * (n // 2) + ["W1-MC"] * (n % 2), object),
        longitude=-71.2 + 0.1 * rng.random(n),
        latitude=-30.2 + 0.1 * rng.random(n),
        buildings=np.full(n, 20.0),
        occupants_day=np.full(n, 50.0),
        occupants_night=np.full(n, 100.0),
        area_m2=np.full(n, 3000.0),
        replacement_usd=np.full(n, 2e6),
        simulated=simulated,
        source="made up",
    )


def run(rupture: Rupture | None = None, stock: Exposure | None = None, **changes) -> Assessment:
    given = {"country": "CL", "region": "chile", "local_hour": 2.0, "seed": 3, "n_fields": 60} | changes
    return assess(rupture or Rupture.point(QUAKE), exposure() if stock is None else stock, **given)


@cache
def usual() -> Assessment:
    return run()


def sites_of(stock: Exposure) -> Sites:
    return Sites.of(longitude=stock.longitude, latitude=stock.latitude)


def test_samples_of_every_measure_and_of_intensity_for_assets_and_places():
    places = Sites.of(longitude=[-71.3, -71.0], latitude=[-30.0, -30.1])
    done = run(places=places)
    assert set(done.samples) == {*MEASURES, "MMI"} and done.n_assets == 12
    assert all(samples.shape == (60, 14) for samples in done.samples.values())
    assert done.at_places("SA(1.0)").shape == (60, 2)
    assert (done.samples["MMI"] >= 1).all() and (done.samples["MMI"] <= 10).all()


def test_same_seed_same_numbers():
    again = run()
    assert all((again.damage.samples[name] == usual().damage.samples[name]).all() for name in again.damage.samples)
    assert (run(seed=4).samples["PGA"] != usual().samples["PGA"]).any()


def test_a_stronger_earthquake_does_more():
    weak, strong = (run(Rupture.point(replace(QUAKE, magnitude=m))) for m in (6.5, 8.0))
    for name in ("loss_usd", "displaced", "injured"):
        assert strong.damage.estimate(name).value > weak.damage.estimate(name).value
    assert strong.deaths_alert.estimate.value > weak.deaths_alert.estimate.value


def test_at_night_more_people_are_at_home_than_by_day():
    day = run(local_hour=13.0)
    assert usual().damage.estimate("trapped").value > day.damage.estimate("trapped").value
    assert usual().damage.estimate("loss_usd").value == day.damage.estimate("loss_usd").value
    assert (run(local_hour=26.0).damage.of("deaths") == usual().damage.of("deaths")).all(), "hours go round"


def test_softer_ground_shakes_more():
    assert np.median(run(vs30_mps=250.0).samples["PGV"]) > np.median(run(vs30_mps=900.0).samples["PGV"])


def test_what_is_invented_is_said_to_be():
    assert not usual().simulated
    assert run(stock=exposure(simulated=True)).simulated
    assert run(Rupture.point(replace(QUAKE, status="exercise"))).simulated


def test_the_ranges_hold_the_best_estimate():
    for name in ("deaths", "injured", "trapped", "displaced", "loss_usd"):
        told = usual().damage.estimate(name)
        assert told.low <= told.value <= told.high and told.level == 0.9


def test_beyond_the_models_it_is_said_where():
    far = replace(exposure(), longitude=np.full(12, -60.0))
    outside = run(stock=far).outside
    assert outside and {note.quantity for note in outside} == {"distance"}
    assert "extrapolated" in outside[0].text("en") and "外推" in outside[0].text("zh")
    assert not usual().outside


def test_stations_pull_the_shaking_towards_what_was_recorded():
    place = Sites.of(longitude=exposure().longitude[:1], latitude=exposure().latitude[:1])
    median = usual().field.motion.median("PGA")[0]
    for factor in (0.4, 2.5):
        stations = Stations.of(sites=place, values={"PGA": np.array([factor * median])})
        field = run(stations=stations).field
        assert field.n_stations == 1
        assert field.motion.median("PGA")[0] == pytest.approx(factor * median, rel=1e-6)
        assert field.motion.total[0, 0] < usual().field.motion.total[0, 0]


def grid_map(level: float, *, west: float = -71.4, measures: tuple[str, ...] = MEASURES) -> ShakingField:
    x, y = np.meshgrid(np.arange(west, -71.0 + 1e-9, 0.05), np.arange(-30.4, -30.0 + 1e-9, 0.05))
    sites = Sites.of(longitude=x.ravel(), latitude=y.ravel())
    shape = (len(sites), len(measures))
    mean = np.log(np.broadcast_to([60.0 if name == "PGV" else level for name in measures], shape))
    return ShakingField(
        QUAKE, sites, Motion(measures, mean, np.zeros(shape), np.full(shape, 0.3)), "a map", n_stations=7
    )


def test_a_map_of_shaking_stands_instead_of_models():
    done = run(shakemap=grid_map(0.5), n_fields=400)
    assert done.field.source == "a map" and done.field.n_stations == 7 and not done.outside
    logs = np.log(done.samples["PGA"])
    assert np.median(logs) == pytest.approx(np.log(0.5), abs=0.1) and logs.std() == pytest.approx(0.3, abs=0.05)
    assert run(shakemap=grid_map(0.9)).damage.estimate("loss_usd").value > done.damage.estimate("loss_usd").value


def test_assets_off_the_map_are_not_assessed_and_in_no_number():
    stock = exposure()
    west = np.sort(stock.longitude)[5]
    covered = stock.longitude >= west
    done = run(shakemap=grid_map(0.5, west=west), stock=stock)
    assert set(done.damage.unassessed) == set(stock.asset_id[~covered])
    whole = run(shakemap=grid_map(0.5), stock=stock)
    assert 0 < done.damage.estimate("loss_usd").value < whole.damage.estimate("loss_usd").value


def test_a_map_that_cannot_serve_is_refused():
    stock = exposure()
    with pytest.raises(InputError, match="has no PGA, which damage is reckoned from"):
        run(shakemap=grid_map(0.5, measures=("PGV", "SA(1.0)")))
    with pytest.raises(InputError, match="none of the 12 places is on the map of shaking, which reaches from -71.4"):
        run(shakemap=grid_map(0.5), stock=replace(stock, latitude=stock.latitude + 5))
    assert shaking_of_map(grid_map(0.5), sites_of(stock)).motion.measures == MEASURES


def test_pgv_of_small_subduction_earthquakes_is_not_used_for_intensity():
    assert felt_measures(QUAKE) == ("PGA",)
    assert felt_measures(replace(QUAKE, magnitude=7.5)) == ("PGA", "PGV")
    assert felt_measures(replace(QUAKE, regime="crustal")) == ("PGA", "PGV")


def test_the_models_are_named():
    field, outside = shaking(Rupture.point(QUAKE), sites_of(exposure()), region="chile")
    assert field.source == "ground-motion models Montalva17, AGA16" and outside == ()


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"n_fields": 19}, InputError, "19 fields give no range; take at least 20"),
        ({"country": "XX"}, UnknownNameError, "unknown country 'XX'"),
        ({"region": "mars"}, UnknownNameError, "region of ground-motion models"),
        ({"vs30_mps": 5.0}, InputError, "vs30_mps of 12 of 12 sites is outside"),
    ],
)
def test_what_cannot_be_is_refused(changes, error, words):
    with pytest.raises(error, match=words):
        run(**changes)
    with pytest.raises(InputError, match="the exposure is empty"):
        run(stock=exposure().select(np.zeros(12, bool)))
