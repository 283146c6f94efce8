"""A city from a user's own files, what its tables may hold, and the folder of an assessment."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError, SourceError, UnknownNameError
from houfeng.operations.own_city import CityFiles, city_for, read_shore, zones_of
from houfeng.operations.own_event import local_hour_of, read_event_folder, rupture_of, same_event, write_event
from houfeng.operations.own_tables import Number, read_own_places, read_table, read_teams
from tests.operations.invented_town import write_town
from tests.operations.own_cases import Town, event_in, files_of, town_in


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Town:
    return town_in(tmp_path_factory.mktemp("town"))


def notes(place) -> str:
    return "\n".join(note["en"] for note in place.notes)


def test_everything_of_the_files_is_in_the_city(town):
    city = town.city
    assert city.roads.n_edges == 84 and city.roads.bridge.sum() == 3
    assert city.teams.team_id == ("alfa", "bravo") and city.teams.shift_s.tolist() == [43_200, 43_200]
    assert city.hospitals.place_id == ("H1",) and city.field_hospitals.place_id == ("F1", "F2")
    assert city.stock_litres.tolist() == [20_000] and city.depots.capacity.tolist() == [0]
    assert city.shelters.in_coastal_strip.tolist() == [False, True], "the second lies 600 m from the shore"
    assert {words["en"] for words in city.simulated} == {"buildings", "hospitals, shelters or depots"}
    assert city.population.sum() == 108 * 200


def test_zones_are_those_of_the_exposure_in_its_order(town):
    names, middle, people = zones_of(town.event)
    assert names == ("z00", "z01", "z02", "z10", "z11", "z12", "z20", "z21", "z22")
    assert middle[0] == pytest.approx([-71.24, -30.19]) and people.tolist() == [2400.0] * 9
    assert tuple(town.assessment.damage.zone_id) == names


def test_zones_hold_across_the_date_line(town):
    stock = town.event.exposure
    across = replace(
        stock, longitude=np.where(np.arange(len(stock)) % 2, 179.99, -179.99), zone_id=np.full(len(stock), "a")
    )
    _, middle, _ = zones_of(replace(town.event, exposure=across))
    assert abs(abs(middle[0, 0]) - 180) < 0.01


def test_what_is_not_given_is_told_with_the_option_that_gives_it(town):
    place = city_for(town.event, CityFiles(roads=town.folder / "roads.geojson"))
    options = {note["option"] for note in place.notes if "option" in note}
    assert options >= {"--teams", "--hospitals", "--shelters", "--depots", "--coast"}
    assert not len(place.city.teams) and not len(place.city.shelters) and not len(place.city.shore)
    assert "84 of 84 edges state no speed" in notes(place)


def test_names_and_strip_are_as_given(town):
    files = replace(files_of(town.folder), names={"en": "A", "zh": "甲"}, coastal_strip_km=0.1)
    city = city_for(town.event, files).city
    assert city.names["zh"] == "甲" and not city.shelters.in_coastal_strip.any()


def test_the_demo_city_with_own_parts(town):
    event = event_in(town.folder, city="coquimbo")
    demo = city_for(event, CityFiles()).city
    mixed = city_for(event, CityFiles(teams=town.folder / "teams.csv")).city
    assert mixed.teams.team_id == ("alfa", "bravo") and mixed.shelters.place_id == demo.shelters.place_id
    assert city_for(event, CityFiles(coastal_strip_km=3.0)).city.coastal_strip_km == 3.0


def test_roads_elsewhere_or_none_are_refused(town, tmp_path):
    with pytest.raises(InputError, match="--roads is missing"):
        city_for(town.event, CityFiles())
    road = {"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": [[5, 5], [5.1, 5]]}}
    (tmp_path / "far.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [road]}))
    with pytest.raises(InputError, match=r"the roads of far.geojson \(around 5.05, 5.00\) are .* CRS"):
        city_for(town.event, CityFiles(roads=tmp_path / "far.geojson"))
    with pytest.raises(InputError, match="a coastal strip of -1 km"):
        city_for(town.event, replace(files_of(town.folder), coastal_strip_km=-1))


def table(tmp_path, text: str):
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_keeps_good_rows_and_tells_of_the_others(tmp_path):
    path = table(tmp_path, "id,longitude,latitude,capacity\na,1,2,3\nb,1,99,3\nc,,2,3\na,1,2,3\nd,1,2,nan\n,1,2,3\n")
    found, places = read_own_places(path, "capacity")
    assert found.names == places.place_id == ("a",) and len(found.notes) == 5
    told = [note["en"] for note in found.notes]
    assert told[0] == "t.csv, line 3 left out: latitude is '99', it must be a number from -90 to 90"
    assert "longitude is ''" in told[1] and "'a' occurs twice" in told[2]
    assert "capacity is 'nan', it must be a number of at least 0" in told[3] and "the name is empty" in told[4]
    assert all("未采用" in note["zh"] for note in found.notes)


def test_teams_have_usual_values_where_a_file_has_none(tmp_path):
    found, teams = read_teams(table(tmp_path, "name,longitude,latitude,shift_h\nx,1,2,\ny,1,2,6\n"))
    assert teams.shift_s.tolist() == [43_200, 21_600] and teams.start_s.tolist() == [1800, 1800]
    assert teams.level == ("light", "light") and teams.capacity.tolist() == [20, 20]
    assert {note["en"] for note in found.notes} == {
        "t.csv: no start_h, 0.5 is taken",
        "t.csv: no capacity, 20 is taken",
    }


def test_a_table_without_a_good_row_is_empty_and_one_without_columns_refused(tmp_path):
    found, places = read_own_places(table(tmp_path, "name,longitude,latitude,capacity\nx,1,2,-1\n"), "capacity")
    assert not len(places) and len(found.notes) == 1
    cases = {
        "longitude,latitude,capacity\n": "lacks the column name;",
        "": "has: none",
        "name,latitude\n": "lacks the column longitude, capacity; it has: name, latitude",
    }
    for text, lacks in cases.items():
        with pytest.raises(InputError, match=lacks):
            read_own_places(table(tmp_path, text), "capacity")
    with pytest.raises(SourceError, match="it must be a CSV file in UTF-8"):
        read_table(tmp_path / "none.csv", {}, {})
    (tmp_path / "t.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(SourceError, match="UTF-8"):
        read_table(tmp_path / "t.csv", {}, {})


def test_closed_and_simulated_places_and_spreadsheets_with_a_mark_in_front(tmp_path):
    text = "\ufeffName,Longitude,Latitude,Capacity,Closed,Simulated\nx,1,2,5,yes,no\ny,1,2,5,,TRUE\nz,1,2,5,maybe,\n"
    found, places = read_own_places(table(tmp_path, text), "capacity")
    assert places.closed.tolist() == [True, False] and places.simulated
    assert "closed is 'maybe'" in found.notes[0]["en"]


@given(value=st.floats(-50, 50))
def test_a_number_is_kept_if_it_is_within_its_limits(tmp_path_factory, value):
    path = table(tmp_path_factory.getbasetemp(), f"name,longitude,latitude,x\nn,0,0,{value!r}\n")
    found = read_table(path, {"x": Number(-10.0, 10.0)}, {})
    assert len(found.names) == (-10 <= value <= 10)
    assert not len(found.names) or found.numbers["x"][0] == value


def test_a_shore_is_followed_in_small_steps(town, tmp_path):
    shore = read_shore(town.folder / "coast.geojson")
    gaps = np.abs(np.diff(shore[:, 1])) * 111.2
    assert (
        gaps.max() <= 0.1 + 1e-6 and shore[0].tolist() == [-71.255, -30.25] and shore[-1].tolist() == [-71.255, -30.1]
    )
    square = [[[0, 0], [0.01, 0], [0.01, 0.01], [0, 0]]]
    line = {"type": "LineString", "coordinates": square[0]}
    several = (("Polygon", square), ("MultiPolygon", [square]), ("MultiLineString", square))
    shapes = [{"type": kind, "coordinates": coordinates} for kind, coordinates in several]
    for geometry in (*shapes, {"type": "GeometryCollection", "geometries": [line]}):
        document = {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": geometry}]}
        (tmp_path / "c.geojson").write_text(json.dumps(document))
        assert len(read_shore(tmp_path / "c.geojson")) > 30


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no", "the shore cannot be read"),
        ("[1]", "is no GeoJSON"),
        ('{"type": "Point", "coordinates": [1, 2]}', "has no line in it"),
        ('{"type": "LineString", "coordinates": [[282000, 6656000], [282100, 6656000]]}', "no degrees"),
    ],
)
def test_a_shore_that_is_none(tmp_path, text, words):
    (tmp_path / "c.geojson").write_text(text)
    with pytest.raises(InputError, match=words):
        read_shore(tmp_path / "c.geojson")


def test_a_folder_gives_the_same_assessment_again(town, tmp_path):
    event = event_in(write_town(tmp_path), n_fields=30, plane={"strike_deg": 5.0, "dip_deg": 20.0})
    event = replace(event, rupture=rupture_of(event.rupture.earthquake, event.plane), notes=({"en": "a", "zh": "b"},))
    (tmp_path / "s.csv").write_text("longitude,latitude,pga_g\n-71.2,-30.15,0.5\n")
    event = replace(event, stations_file=tmp_path / "s.csv")
    paths = write_event(event, tmp_path / "out", {"more": 1})
    assert [path.name for path in paths] == ["assessment.json", "exposure.csv", "stations"]
    again = read_event_folder(tmp_path / "out")
    assert again.notes == event.notes and again.exposure.source == "stock.csv" and again.exposure.simulated
    assert again.rupture.strike_deg == 5.0
    one, two = event.assessed(), again.assessed()
    assert all((one.damage.samples[name] == two.damage.samples[name]).all() for name in one.damage.samples)
    assert same_event(tmp_path / "out", event.rupture.earthquake.event_id) and not same_event(tmp_path, "x")
    (tmp_path / "out" / "given" / "stations").unlink()
    with pytest.raises(SourceError, match="stations is gone; assess again"):
        read_event_folder(tmp_path / "out")


def test_a_folder_that_is_none(tmp_path):
    with pytest.raises(SourceError, match="holds no assessment"):
        read_event_folder(tmp_path)
    (tmp_path / "assessment.json").write_text("{")
    with pytest.raises(InputError, match="is not JSON"):
        read_event_folder(tmp_path)
    (tmp_path / "assessment.json").write_text("[]")
    with pytest.raises(InputError, match="is no record of"):
        read_event_folder(tmp_path)


def test_an_event_that_cannot_be_is_refused_before_anything_is_reckoned(town):
    for changes, error in (
        ({"country": "XX"}, UnknownNameError),
        ({"region": "mars"}, UnknownNameError),
        ({"local_hour": 30.0}, InputError),
        ({"stations_file": town.folder / "a", "shakemap_file": town.folder / "b"}, InputError),
    ):
        with pytest.raises(error):
            replace(town.event, **changes)


def test_a_plane_or_a_point(town):
    quake = town.event.rupture.earthquake
    assert np.isnan(rupture_of(quake, {"strike_deg": None}).strike_deg)
    assert rupture_of(quake, {"rake_deg": -90.0}).rake_deg == -90.0
    assert rupture_of(quake, {"dip_deg": 33.0}).dip_deg == 33.0
    plane = rupture_of(quake, {"strike_deg": 10.0, "dip_deg": 20.0, "width_km": 40.0})
    assert plane.width_km == 40.0 and np.isnan(plane.rake_deg)
    with pytest.raises(InputError, match="a plane needs strike and dip; only length_km is given"):
        rupture_of(quake, {"length_km": 10.0})


@given(longitude=st.floats(-180, 179.9), hour=st.integers(0, 23))
def test_local_time(longitude, hour):
    from datetime import UTC, datetime

    time = datetime(2020, 5, 1, hour, 30, tzinfo=UTC)
    found, how = local_hour_of(time, longitude=longitude, local_hour=None, utc_offset_h=None)
    assert 0 <= found < 24 and how == "longitude"
    assert (found - hour - 0.5 - longitude / 15) % 24 == pytest.approx(0, abs=1e-9) or (
        found - hour - 0.5 - longitude / 15
    ) % 24 == pytest.approx(24, abs=1e-9)
    assert local_hour_of(time, longitude=longitude, local_hour=3.0, utc_offset_h=9.0) == (3.0, "given")
    assert local_hour_of(time, longitude=longitude, local_hour=None, utc_offset_h=-3.0)[1] == "offset"
