"""The chain on the demo city: warning, assessment and response speak of the same earthquake, place and time."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from houfeng.errors import InputError
from houfeng.operations.chain import REPORT_AFTER, Chain, chain
from houfeng.operations.chain_files import shaking_grid
from houfeng.operations.city import City, coquimbo
from houfeng.operations.shaking_outlook import chilean_towns
from houfeng.operations.warn import Sender
from houfeng.shaking.illapel import illapel_rupture
from houfeng.shaking.rupture import Rupture
from houfeng.warning import Location

QUAKE = illapel_rupture().earthquake


def made(city: City, *, quake=QUAKE, **changes) -> Chain:
    given = {
        "issued": quake.time + REPORT_AFTER,
        "seed": 1,
        "sender": Sender("test@houfeng.invalid"),
        "location": Location(confirmed_by="a test"),
        "drill": True,
    }
    return chain(Rupture.point(quake), city, chilean_towns(), **given | changes)


@pytest.fixture(scope="module")
def city() -> City:
    return coquimbo()


@pytest.fixture(scope="module")
def done(city) -> Chain:
    return made(city)


def test_every_link_speaks_of_the_same_earthquake_and_time(done):
    assert done.warning.earthquake == QUAKE == done.assessment.rupture.earthquake
    assert done.response.plan.event_id == QUAKE.event_id
    assert done.issued == done.response.plan.issued == (QUAKE.time + REPORT_AFTER).replace(microsecond=0)
    assert set(done.seconds) == {"warning", "assessment", "response"} and all(s > 0 for s in done.seconds.values())


def test_the_people_assessed_are_those_who_are_helped(done):
    damage, demand = done.assessment.damage, done.response.demand
    assert demand.displaced.mean.sum() == pytest.approx(damage.of("displaced").mean())
    assert demand.trapped.mean.sum() == pytest.approx(damage.of("trapped").mean())
    assert demand.population.mean.sum() == pytest.approx(done.city.population.sum())


def test_people_were_at_home_in_the_evening(done):
    assert done.assessment.damage.local_hour == pytest.approx(19.9, abs=0.1), "22:54 UTC is 19:54 in Coquimbo"


def test_what_is_invented_is_marked_all_the_way(done):
    assert done.simulated and done.assessment.simulated and done.response.plan.simulated
    assert done.response.closures.simulated and not done.assessment.damage.observed


def test_the_sea_keeps_teams_out_and_the_warning_says_why(done):
    assert done.warning.tsunami is not None and "SHOA" in done.warning.tsunami.banner["en"]
    assert done.response.waiting and done.warning.alert is not None and done.warning.alert.drill


def test_the_same_seed_gives_the_same_plan(city, done):
    again = made(city)
    assert again.response.plan.to_json() == done.response.plan.to_json()
    assert json.dumps(again.assessment.damage.to_json()) == json.dumps(done.assessment.damage.to_json())


def test_a_small_deep_earthquake_ends_in_no_warning_and_hardly_any_need(city, done):
    small = replace(QUAKE, magnitude=5.0, depth_km=110.0, regime="slab")
    calm = made(city, quake=small)
    assert calm.warning.alert is None and calm.warning.tsunami is None and not calm.response.waiting
    assert (
        calm.assessment.damage.estimate("displaced").value < 0.05 * done.assessment.damage.estimate("displaced").value
    )


def test_on_an_unconfirmed_location_nobody_is_warned_but_the_damage_is_reckoned(city):
    unsure = made(city, location=Location(stations=2, error_km=90))
    assert unsure.warning.alert is None and "not confirmed" in unsure.warning.reason
    assert unsure.assessment.damage.estimate("loss_usd").value > 0


def test_a_report_before_the_earthquake_is_refused(city):
    with pytest.raises(InputError, match="is earlier than the earthquake"):
        made(city, issued=QUAKE.time - timedelta(minutes=1))


def test_the_map_of_shaking_holds_epicentre_and_city(done):
    sites = shaking_grid(done).sites
    for longitude, latitude in ((QUAKE.longitude, QUAKE.latitude), done.city.centre):
        assert sites.longitude.min() < longitude < sites.longitude.max()
        assert sites.latitude.min() < latitude < sites.latitude.max()
