"""The situation report of a chain, and of one's own response: numbers of the parts, ranges, nothing invented."""

import json
from dataclasses import replace

import pytest

from houfeng.operations import situation as told
from houfeng.operations.chain import REPORT_AFTER, Chain, chain
from houfeng.operations.city import coquimbo
from houfeng.operations.own_city import CityFiles, OwnCity, city_for
from houfeng.operations.own_response import OwnResponse, respond_after, respond_to
from houfeng.operations.own_situation import (
    change_document,
    ground_of,
    left_out,
    plan_document,
    situation,
    unknown,
)
from houfeng.operations.shaking_outlook import chilean_towns
from houfeng.operations.warn import Sender
from houfeng.reports.situation import situation_view
from houfeng.response.closures import Closures
from houfeng.shaking.illapel import illapel_rupture
from houfeng.shaking.rupture import Rupture
from houfeng.values import Estimate
from houfeng.warning import Location
from tests.operations.own_cases import ISSUED_AT, Town, town_in


@pytest.fixture(scope="module")
def done() -> Chain:
    quake = illapel_rupture().earthquake
    return chain(
        Rupture.point(quake),
        coquimbo(),
        chilean_towns(),
        issued=quake.time + REPORT_AFTER,
        seed=1,
        sender=Sender("test@houfeng.invalid"),
        location=Location(confirmed_by="a test"),
        drill=True,
    )


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Town:
    return town_in(tmp_path_factory.mktemp("town"))


def closed(town: Town, *edges: int) -> Closures:
    return Closures.of_edges(town.city.roads.n_edges, list(edges), source="seen.csv")


@pytest.fixture(scope="module")
def own(town) -> OwnResponse:
    return respond_to(town.event, town.assessment, town.place, issued=ISSUED_AT, closures=closed(town, 1, 2))


def estimates(document) -> list[dict]:
    if isinstance(document, dict):
        if {"value", "low", "high"} <= set(document):
            return [document]
        return [each for value in document.values() for each in estimates(value)]
    return [each for value in document for each in estimates(value)] if isinstance(document, list) else []


def test_the_report_of_a_chain_is_whole_and_every_number_is_a_range(done):
    document = told.situation(done, [], label="made for a test", drill=True)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert (document["state"], document["drill"], document["minutes_after"]) == ("draft", True, 10)
    found = estimates(document)
    assert len(found) > 40 and all(each["low"] <= each["high"] for each in found)
    for language in ("en", "zh"):
        view = situation_view(document, language)
        assert view["actions"]["entries"] and view["losses"] and view["tsunami"]["alarm"]


def test_its_numbers_are_those_of_the_parts(done):
    losses = told.losses(done.assessment)
    assert losses["deaths"] == told.ranged(done.assessment.damage.estimate("deaths"))
    assert told.roads(done)["closed"] == told.ranged(done.response.n_closed)
    needs = told.needs(done)
    assert needs[0]["amount"] == told.ranged(done.response.plan.needs.total("water"))
    assert all({"en", "zh"} <= set(each["words"]) & set(each["unit"]) for each in needs)


def test_zones_come_with_the_worst_hit_first_and_nobody_has_looked(done):
    zones = told.zones(done)
    severe = [zone["severe"]["value"] for zone in zones]
    assert severe == sorted(severe, reverse=True) and len(zones) == len(done.assessment.damage.zone_id)
    assert not any(zone["observed"] for zone in zones)
    assert sum(zone["population"] for zone in zones) == pytest.approx(done.city.population.sum(), rel=0.01)


def test_what_to_do_has_somebody_who_does_it_in_both_languages(done):
    found = told.actions(done)
    assert "coastal strip" in found[0]["words"]["en"]
    assert all(each[part][language] for each in found for part in ("words", "who") for language in ("en", "zh"))
    assert "nothing here has been observed" in found[-1]["words"]["en"]


def test_a_number_is_written_with_four_digits_and_its_level():
    assert told.ranged(Estimate(1234.56, 1.0, 99999.0, 0.9)) == {
        "value": 1235.0,
        "low": 1.0,
        "high": 100000.0,
        "level": 0.9,
    }


def test_the_report_of_ones_own_says_only_what_is_so(own):
    document = situation(own)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    words = json.dumps(document)
    assert "USGS" not in words and "OpenStreetMap" not in words, "nobody said where these come from"
    assert "seen.csv" in words and "stock.csv" in words and document["forecast"] is None
    assert [each["en"] for each in document["simulated"]] == ["buildings", "hospitals, shelters or depots"]
    for language in ("en", "zh"):
        view = situation_view(document, language)
        assert view["roads"] and view["needs"] and view["place"]


def test_drawn_closures_are_said_to_be_simulated(town):
    drawn = respond_to(town.event, town.assessment, town.place, issued=ISSUED_AT)
    assert "which roads are closed" in {each["en"] for each in situation(drawn)["simulated"]}
    assert any("SIMULATED closures" in note["en"] for note in unknown(drawn))
    assert plan_document(drawn)["roads"]["simulated"]


def test_actions_name_places_as_they_are_called(own):
    told_en = [each["words"]["en"] for each in told.actions(own)]
    assert told_en[0] == "Keep everybody away from the sea"
    assert any(text.startswith("Search z") for text in told_en) and "Open shelters: S1" in told_en
    assert told_en[-1] == "Send people to look: no damage has been observed"
    assert left_out(own) == [
        {
            "en": "left out: S2: lies in the coastal strip a tsunami may reach",
            "zh": "未采用：S2，位于海啸可能到达的沿海带内",
        }
    ]


def test_without_parts_the_report_is_still_a_report(town):
    place = city_for(town.event, CityFiles(roads=town.folder / "roads.geojson"))
    bare = respond_to(town.event, town.assessment, place, issued=ISSUED_AT)
    document = situation(bare)
    assert document["roads"]["unreachable_people"] is None
    assert not any("Open" in each["words"]["en"] for each in document["actions"])
    assert {"en", "zh"} == set(document["unknown"][0]), "options of a command are not for this page"
    assert situation_view(document, "en")["roads"]


def test_a_name_in_one_language_serves_in_both(town):
    quake = replace(town.event.rupture.earthquake, names={"en": "Somewhere"})
    event = replace(town.event, rupture=Rupture.point(quake))
    named = situation(respond_to(event, town.assessment, town.place, issued=ISSUED_AT, closures=closed(town)))
    assert named["earthquake"]["names"] == {"en": "Somewhere", "zh": "Somewhere"}


def test_a_team_based_beside_the_sea_is_told(town):
    wide = OwnCity(replace(town.city, coastal_strip_km=50.0), ())
    response = respond_to(town.event, town.assessment, wide, issued=ISSUED_AT, closures=closed(town))
    assert any("the bases of: alfa, bravo" in note["en"] for note in response.notes)


def test_a_change_is_counted(town, own):
    after, second = respond_after(own, closed(town, 75, 76, 77), issued=ISSUED_AT)
    document = change_document(after, second)
    assert document["moves"] == second.change.moves == len(document["moved_sites"]) + len(document["moved_zones"])
    assert document["plan"]["roads"]["closed"]["value"] == 5


def test_the_map_of_shaking_holds_both_and_is_no_larger_than_can_be_drawn(own):
    sites = ground_of(own).sites
    assert len(sites) <= 62 * 62
    quake = own.rupture.earthquake
    for longitude, latitude in ((quake.longitude, quake.latitude), own.city.centre):
        assert sites.longitude.min() < longitude < sites.longitude.max()
        assert sites.latitude.min() < latitude < sites.latitude.max()
