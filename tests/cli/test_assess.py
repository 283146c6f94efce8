"""``houfeng assess`` on an invented town and on the demo city, and on whatever people get wrong."""

import json

import pytest

from houfeng.shaking.rupture import Rupture
from houfeng.shaking.shakemap import write_shakemap
from houfeng.shaking.sites import Sites
from tests.operations.invented_town import EVENT, HEAD, write_town

GIVEN = ("assess", "--event", "event.json", "--exposure", "stock.csv", "--country", "CL", "--motion-region", "chile",
         "--utc-offset", "-4", "--fields", "40")  # fmt: skip


@pytest.fixture
def town(workplace):
    return write_town(workplace)


def documents(folder) -> dict:
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.*json")}


def test_everything_that_comes_out_is_a_range_says_simulated_and_not_observed(town, houfeng):
    code, out, err = houfeng(*GIVEN, "--out", "first", "--yearly-budget-usd", "5e6")
    assert code == 0, err
    assert "an invented earthquake, Mw 7.2" in out and "SIMULATED: the buildings are invented" in out
    assert "not observed: computed, nobody has looked" in out and "Lifelines first" in out
    assert "PAGER's model of CL" in out and "computed, no station had reported" in out
    found = documents(town / "first")
    assert set(found) == {"damage.json", "damage.geojson", "shaking.geojson", "recovery.json", "assessment.json"}
    damage = found["damage.json"]
    assert damage["simulated"] and not damage["observed"]
    for estimate in damage["total"].values():
        assert estimate["low"] <= estimate["value"] <= estimate["high"] and estimate["level"] == 0.9
    kinds = [feature["properties"]["kind"] for feature in found["damage.geojson"]["features"]]
    assert (kinds.count("zone"), kinds.count("asset")) == (9, 108)
    shaking = found["shaking.geojson"]
    assert len(shaking["features"]) == 36, "each place once"
    assert shaking["features"][0]["properties"].keys() >= {"mmi", "mmi_low", "mmi_high", "pga_g"}
    recovery = found["recovery.json"]
    assert [row["rank"] for row in recovery["districts"]] == list(range(1, 10))
    assert len(recovery["yearly_budget_usd"]) == 10 and recovery["rule"]["zh"].startswith("生命线")


def test_json_is_what_is_printed(town, houfeng):
    code, out, err = houfeng(*GIVEN, "--json")
    told = json.loads(out)
    assert code == 0 and told["folder"] == "runs/assess-made-up-1"
    assert told["total"]["displaced"]["high"] > told["total"]["displaced"]["value"] > 0
    assert (
        len(told["districts"]) == 9
        and told["districts"][0]["severe"]["value"] >= told["districts"][-1]["severe"]["value"]
    )
    assert any("Vs30 360" in note["en"] and note["option"] == "--vs30" for note in told["notes"])
    assert all((town / name).is_file() for name in told["files"])


def test_chinese(town, houfeng):
    _, out, _ = houfeng(*GIVEN, "--language", "zh")
    assert "虚构地震" in out and "未经现场观测" in out and "片区" in out and "死亡" in out and "estimate" not in out


def test_the_demo_city(workplace, houfeng):
    write_town(workplace)
    code, out, _ = houfeng("assess", "--event", "event.json", "--city", "coquimbo", "--fields", "20", "--json")
    told = json.loads(out)
    assert code == 0 and told["simulated"] and len(told["districts"]) == 133
    assert told["shaking_from"] == "ground-motion models Montalva17, AGA16", "those of Chile, without being asked"
    assert not any("local time" in note["en"] for note in told["notes"]), "its time zone is known"


def test_same_seed_same_bytes_and_another_seed_other_ones(town, houfeng):
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        assert houfeng(*GIVEN, "--seed", seed, "--out", name)[0] == 0
    a, b, c = ((town / name / "damage.json").read_bytes() for name in "abc")
    assert a == b != c


def test_stations_bend_the_models_and_are_counted(town, houfeng):
    (town / "stations.csv").write_text(
        "longitude,latitude,pga_g\n-71.22,-30.17,1.2\n-71.2,-30.15,1.1\n-71.3,-30.1,-2\n"
    )
    _, out, _ = houfeng(*GIVEN, "--json")
    code, bent, err = houfeng(*GIVEN, "--stations", "stations.csv", "--json", "--out", "bent")
    assert code == 0, err
    alone, bent = json.loads(out), json.loads(bent)
    assert bent["shaking"]["pga_g"]["value"] > 1.5 * alone["shaking"]["pga_g"]["value"]
    assert (alone["shaking"]["stations"], bent["shaking"]["stations"]) == (0, 2)
    assert any("1 left out: value not positive" in note["en"] for note in bent["notes"])
    assert (town / "bent" / "given" / "stations").read_bytes() == (town / "stations.csv").read_bytes()


def test_a_plane_shakes_otherwise_than_a_point(town, houfeng):
    plane = ("--strike", "5", "--dip", "20", "--rake", "90", "--length-km", "60", "--width-km", "30")
    found = [json.loads(houfeng(*GIVEN, *more, "--json", "--out", f"p{len(more)}")[1]) for more in ((), plane)]
    assert found[0]["shaking"]["pga_g"] != found[1]["shaking"]["pga_g"]
    record = json.loads((town / "p10" / "assessment.json").read_text())
    assert record["plane"] == {"strike_deg": 5, "dip_deg": 20, "rake_deg": 90, "length_km": 60, "width_km": 30}


def grid(path, *, west, east, motion_at=None) -> None:
    import numpy as np

    from houfeng.operations.assess import shaking
    from houfeng.operations.event_files import read_earthquake

    x, y = np.meshgrid(np.round(np.arange(west, east, 0.02), 4), np.round(np.arange(-30.3, -30.0, 0.02), 4))
    sites = Sites.of(longitude=x.ravel(), latitude=y.ravel())
    write_shakemap(shaking(Rupture.point(read_earthquake(EVENT)), sites, region="chile")[0], path)


def test_a_shakemap_gives_event_and_shaking(town, houfeng):
    grid(town / "grid.xml", west=-71.4, east=-71.0)
    code, out, err = houfeng("assess", "--shakemap", "grid.xml", "--regime", "interface", "--exposure", "stock.csv",
                             "--country", "CL", "--utc-offset", "-4", "--fields", "60", "--json")  # fmt: skip
    assert code == 0, err
    mapped, own = json.loads(out), json.loads(houfeng(*GIVEN, "--fields", "60", "--json")[1])
    assert mapped["earthquake"]["event_id"] == "made-up-1" and mapped["shaking_from"].startswith("ShakeMap made-up-1")
    assert mapped["shaking"]["pga_g"]["value"] == pytest.approx(own["shaking"]["pga_g"]["value"], rel=0.15)
    assert mapped["shaking"]["mmi"]["value"] == pytest.approx(own["shaking"]["mmi"]["value"], abs=0.5)


def test_buildings_off_the_map_are_in_no_number_and_told(town, houfeng):
    grid(town / "grid.xml", west=-71.4, east=-71.21)
    code, out, _ = houfeng("assess", "--shakemap", "grid.xml", "--regime", "interface", "--exposure", "stock.csv",
                           "--country", "CL", "--fields", "40", "--out", "half")  # fmt: skip
    assert code == 0 and "of 108 assets lie off the map of shaking" in out
    found = documents(town / "half")
    lacking = found["damage.json"]["unassessed"]
    assert 0 < len(lacking) < 108 and len(found["shaking.geojson"]["features"]) == (108 - len(lacking)) / 3
    grid(town / "grid.xml", west=-75.0, east=-74.0)
    code, _, err = houfeng("assess", "--shakemap", "grid.xml", "--exposure", "stock.csv", "--country", "CL")
    assert code == 2 and "none of the 108 places is on the map" in err


def test_another_earthquake_is_never_overwritten(town, houfeng):
    assert houfeng(*GIVEN, "--out", "kept")[0] == 0
    before = (town / "kept" / "damage.json").read_bytes()
    (town / "event.json").write_text(json.dumps(EVENT | {"event_id": "other"}))
    code, _, err = houfeng(*GIVEN, "--out", "kept")
    assert code == 2 and "holds the assessment of 'made-up-1', which is not overwritten; give another --out" in err
    assert (town / "kept" / "damage.json").read_bytes() == before
    (town / "event.json").write_text(json.dumps(EVENT))
    code, _, err = houfeng(*GIVEN, "--out", "kept")
    assert code == 0 and "holds an earlier assessment of this earthquake; it is replaced" in err


def test_a_name_that_is_no_file_name_makes_a_folder_all_the_same(town, houfeng):
    (town / "event.json").write_text(json.dumps(EVENT | {"event_id": "../../x y"}))
    assert json.loads(houfeng(*GIVEN, "--json")[1])["folder"] == "runs/assess--..-x-y"


def test_one_building_with_nobody_in_it(town, houfeng):
    (town / "stock.csv").write_text("longitude,latitude,taxonomy\n-71.2,-30.15,URML-LC\n")
    code, out, err = houfeng(*GIVEN, "--json")
    told = json.loads(out)
    assert code == 0, err
    assert told["total"]["deaths"]["value"] == 0 and told["total"]["severe"]["high"] <= 1
    assert any("no occupants_night: taken as 0" in note["en"] for note in told["notes"])
    assert not told["simulated"]


def test_a_negative_population_is_kept_out_and_the_rest_is_assessed(town, houfeng):
    (town / "stock.csv").write_text(
        HEAD + "\na1,-71.2,-30.15,URML-LC,z,1,2,-5,50,9000,\na2,-71.2,-30.15,URML-LC,z,1,2,5,50,9000,\n"
    )
    code, out, _ = houfeng(*GIVEN)
    assert code == 0 and "stock.csv: 1 rows kept out: negative occupants_night" in out
    (town / "stock.csv").write_text(HEAD + "\na1,-71.2,-30.15,URML-LC,z,1,2,-5,50,9000,\n")
    code, _, err = houfeng(*GIVEN, "--out", "none")
    assert code == 2 and "no asset that can be used" in err and not (town / "none").exists()


def test_metres_without_a_crs_are_refused(town, houfeng):
    feature = {"type": "Feature", "properties": {"taxonomy": "URML-LC"},
               "geometry": {"type": "Point", "coordinates": [282000.0, 6656000.0]}}  # fmt: skip
    (town / "stock.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    code, _, err = houfeng("assess", "--event", "event.json", "--exposure", "stock.geojson", "--country", "CL")
    assert code == 2 and "the CRS is missing" in err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--country", "XX"), "unknown country 'XX'"),
        (("--country", ""), "--country is missing"),
        (("--motion-region", "mars"), "unknown region of ground-motion models 'mars'"),
        (("--strike", "5"), "a plane needs strike and dip; only strike_deg is given"),
        (("--strike", "5", "--dip", "95"), "dip_deg of a rupture must be within 1 to 90"),
        (("--city", "coquimbo"), "give either --exposure FILE or --city coquimbo"),
        (("--city", "atlantis"), "unknown city that ships with Houfeng 'atlantis'"),
        (("--stations", "none.csv"), "cannot read none.csv"),
        (("--stations", "stock.csv"), "no usable station"),
        (("--shakemap", "stock.csv"), "is not XML"),
        (("--local-hour", "25"), "local hour 25 is not between 0 and 24"),
        (("--utc-offset", "20"), "it lies between -14 and 14"),
        (("--yearly-budget-usd", "-1"), "the yearly budget must be US dollars"),
        (("--language", "fr"), "unknown language 'fr'"),
        (("--magnitude", "5"), "give either --event or --id"),
        (("--fields", "5"), "Invalid value for '--fields'"),
        (("--exposure", "none.csv"), "cannot read the exposure none.csv"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_and_writes_nothing(town, houfeng, more, words):
    code, out, err = houfeng(*GIVEN, "--out", "bad", *more)
    assert code == 2 and words in err and sum(line.startswith("error: ") for line in err.splitlines()) == 1
    assert not (town / "bad").exists()
