"""``houfeng respond`` on an invented town and on the demo city, and on whatever is missing or wrong."""

import json

import pytest

from tests.operations.invented_town import EVENT, ISSUED, road, write_town

EVENT_OPTIONS = ("--event", "event.json", "--exposure", "stock.csv", "--country", "CL", "--motion-region", "chile",
                 "--utc-offset", "-4", "--fields", "40")  # fmt: skip
ROADS = ("--roads", "roads.geojson", "--issued", ISSUED)
PARTS = tuple(
    word
    for name in ("teams", "hospitals", "shelters", "depots", "closures")
    for word in (f"--{name}", f"{name}.csv")
) + ("--coast", "coast.geojson")  # fmt: skip


@pytest.fixture
def town(workplace):
    return write_town(workplace)


@pytest.fixture
def assessed(town, houfeng):
    """The town with an assessment in ``a``."""
    assert houfeng("assess", *EVENT_OPTIONS, "--out", "a")[0] == 0
    return town


def planned(houfeng, *arguments) -> dict:
    code, out, err = houfeng("respond", *arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def notes(plan: dict) -> str:
    return "\n".join(note["en"] for note in plan["notes"])


def test_a_whole_plan_from_the_folder_of_an_assessment(assessed, houfeng):
    damage = (assessed / "a" / "damage.json").read_bytes()
    code, out, err = houfeng("respond", "a", *ROADS, *PARTS, "--place", "Testville", "--place-zh", "测试镇")
    assert code == 0, err
    assert "TSUNAMI POSSIBLE. Follow SHOA" in out and "Testville, issued 2020-05-01 12:10 UTC" in out
    assert "SIMULATED data: for exercise only" in out and "Search z" in out and "Open shelters: S1" in out
    assert "left out: S2: lies in the coastal strip" in out and "no damage has been observed" in out
    folder = assessed / "a"
    assert (folder / "damage.json").read_bytes() == damage, "the assessment is left as it was"
    plan = json.loads((folder / "plan.json").read_text())
    assert plan["simulated"] and plan["roads"]["closed"] == {"value": 2, "low": 2, "high": 2, "level": 0.9}
    assert not plan["roads"]["simulated"], "these closures come from a file"
    roads = json.loads((folder / "roads.geojson").read_text())["features"]
    closed = {road["properties"]["edge_id"] for road in roads if road["properties"]["closed"]}
    assert closed == {"h30", "h33"}
    for language in ("en", "zh"):
        assert (folder / f"situation-{language}.pdf").read_bytes().startswith(b"%PDF")
        assert (folder / f"plan-{language}.png").read_bytes().startswith(b"\x89PNG")
    report = json.loads((folder / "situation.json").read_text())
    assert report["minutes_after"] == 10 and report["place"] == {"en": "Testville", "zh": "测试镇"}
    assert all(zone["observed"] is False for zone in report["zones"])


def test_the_assessment_is_made_where_there_is_none(town, houfeng):
    plan = planned(houfeng, *EVENT_OPTIONS, *ROADS, *PARTS, "--out", "both")
    assert {path.name for path in (town / "both").iterdir()} >= {"damage.json", "recovery.json", "plan.json", "given"}
    assert plan["rescue"]["visits"] and all((town / name).is_file() for name in plan["files"])


def test_same_seed_same_plan_to_the_byte(assessed, houfeng):
    for name in ("b", "c"):
        assert houfeng("respond", "a", *ROADS, *PARTS, "--out", name)[0] == 0
    for file in ("plan.json", "plan.geojson", "roads.geojson", "damage.json", "situation-zh.pdf"):
        assert (assessed / "b" / file).read_bytes() == (assessed / "c" / file).read_bytes(), file


def test_a_second_plan_moves_little_and_says_how_much(assessed, houfeng):
    told = planned(houfeng, "a", *ROADS, *PARTS, "--replan-with", "later.csv")
    first, second = told, told["replan"]
    assert second["touched_teams"] == ["alfa"], "the closures cut its base off; the other's way is as before"
    assert 0 < second["moves"] == len(second["moved_sites"]) + len(second["moved_zones"])
    team_of = [{v["site_id"]: v["team_id"] for v in plan["rescue"]["visits"]} for plan in (first, second["plan"])]
    other = {site for site in set(team_of[0]) | set(team_of[1]) if team_of[0].get(site) != team_of[1].get(site)}
    assert other == set(second["moved_sites"])
    assert second["plan"]["roads"]["closed"]["value"] == 5
    assert second["plan"]["facilities"][0]["opened"] == first["facilities"][0]["opened"]
    assert (assessed / "a" / "replan.json").exists()
    planned(houfeng, "a", *ROADS, *PARTS)
    assert not (assessed / "a" / "replan.json").exists(), "it followed from a plan that is no more"


def test_a_second_plan_without_a_change_moves_nothing(assessed, houfeng):
    told = planned(houfeng, "a", *ROADS, *PARTS, "--replan-with", "closures.csv")
    assert told["replan"]["moves"] == 0 and told["replan"]["plan"]["rescue"] == told["rescue"]


def test_nothing_but_roads_is_answered_with_what_can_be_said(assessed, houfeng):
    code, out, err = houfeng("respond", "a", *ROADS)
    assert code == 0, err
    for words in ("no rescue teams are given [--teams]", "no hospitals are given [--hospitals]",
                  "no shelters are given [--shelters]", "no depots are given [--depots]", "no shore is given",
                  "SIMULATED closures: one draw", "who stays away from the sea must be decided by hand"):  # fmt: skip
        assert words in out
    assert "People cut off" not in out, "nobody knows: there is no hospital"
    plan = json.loads((assessed / "a" / "plan.json").read_text())
    assert plan["rescue"]["visits"] == [] and {left["reason"] for left in plan["rescue"]["left_out"]} == {"no_team"}
    assert plan["evacuations"][0]["missing"]["value"] > 0 and plan["needs"][0]["total"]["value"] > 0
    report = json.loads((assessed / "a" / "situation.json").read_text())
    assert report["roads"]["unreachable_people"] is None
    assert (assessed / "a" / "situation-en.pdf").exists()


def test_chinese(assessed, houfeng):
    _, out, _ = houfeng("respond", "a", *ROADS, "--language", "zh")
    assert "可能发生海啸" in out and "未提供救援队 [--teams]" in out and "派员实地核查" in out and "评估区" in out


def test_all_roads_closed(assessed, houfeng):
    names = [road["properties"]["id"] for road in json.loads((assessed / "roads.geojson").read_text())["features"]]
    (assessed / "closures.csv").write_text("edge_id\n" + "\n".join(names) + "\n")
    plan = planned(houfeng, "a", *ROADS, *PARTS)
    assert "every road is closed" in notes(plan)
    assert plan["rescue"]["visits"] == [] and plan["roads"]["closed"]["value"] == len(names)
    assert {left["reason"] for left in plan["rescue"]["left_out"]} == {"unreachable"}


def test_a_network_in_pieces(assessed, houfeng):
    document = json.loads((assessed / "roads.geojson").read_text())
    document["features"].append(road([-71.0, -30.2], [-71.0, -30.21], id="far"))
    (assessed / "roads.geojson").write_text(json.dumps(document))
    plan = planned(houfeng, "a", *ROADS, *PARTS)
    assert "the roads fall into 2 pieces; 1 edges are not in the largest" in notes(plan) and plan["rescue"]["visits"]


def test_one_building_and_nobody(town, houfeng):
    (town / "stock.csv").write_text("longitude,latitude,taxonomy\n-71.2,-30.15,URML-LC\n")
    plan = planned(houfeng, *EVENT_OPTIONS, *ROADS, *PARTS, "--out", "one")
    assert "nobody is reckoned to live there" in notes(plan)
    assert plan["rescue"]["visits"] == [] and plan["needs"][0]["total"]["high"] == 0
    assert not (town / "one" / "situation-en.pdf").exists()


def test_roads_of_another_town(assessed, houfeng):
    document = {"type": "FeatureCollection", "features": [road([10.0, 40.0], [10.01, 40.0])]}
    (assessed / "roads.geojson").write_text(json.dumps(document))
    code, _, err = houfeng("respond", "a", *ROADS)
    assert code == 2 and "km and more from the exposure" in err and "CRS" in err
    assert not (assessed / "a" / "plan.json").exists()


def test_zones_far_from_any_road_are_told(assessed, houfeng):
    features = [road([-71.25, -30.2], [-71.24, -30.2], id="only")]
    (assessed / "roads.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    plan = planned(houfeng, "a", *ROADS)
    assert "of 9 zones lie more than 2 km from any road" in notes(plan)


def test_bad_rows_of_tables_are_left_out_and_told(assessed, houfeng):
    (assessed / "teams.csv").write_text(
        "name,longitude,latitude,level\nalfa,-71.19,-30.2,\nbravo,-71.19,-30.14,huge\nalfa,-71.2,-30.2,\n,1,2,\n"
    )
    (assessed / "shelters.csv").write_text("name,longitude,latitude,capacity\nS,-71.2,-30.2,-4\nT,east,-30,4\n")
    plan = planned(houfeng, "a", *ROADS, *PARTS)
    told = notes(plan)
    assert "teams.csv, line 3 left out: level is 'huge', it must be one of light, medium, heavy" in told
    assert "line 4 left out: 'alfa' occurs twice" in told and "line 5 left out: the name is empty" in told
    assert "teams.csv: no shift_h, 12 is taken" in told
    assert "shelters.csv, line 2 left out: capacity is '-4'" in told and "line 3 left out: longitude is 'east'" in told
    assert "no shelters are given" in told and {v["team_id"] for v in plan["rescue"]["visits"]} == {"alfa"}


def test_an_exercise_says_so(town, houfeng):
    (town / "event.json").write_text(json.dumps(EVENT | {"status": "exercise"}))
    assert houfeng("respond", *EVENT_OPTIONS, *ROADS, "--out", "drill")[0] == 0
    assert json.loads((town / "drill" / "situation.json").read_text())["drill"] is True


def test_inland_there_is_no_word_of_a_tsunami(town, houfeng):
    (town / "event.json").write_text(json.dumps(EVENT | {"magnitude": 6.0, "regime": "crustal", "depth_km": 10}))
    code, out, _ = houfeng("respond", *EVENT_OPTIONS, *ROADS, *PARTS, "--out", "dry")
    assert code == 0 and "TSUNAMI POSSIBLE" not in out and "wait for the all-clear" not in out


def test_the_demo_city(workplace, houfeng):
    write_town(workplace)
    plan = planned(houfeng, "--event", "event.json", "--city", "coquimbo", "--fields", "20", "--issued", ISSUED,
                   "--out", "demo")  # fmt: skip
    assert plan["simulated"] and plan["roads"]["simulated"] and plan["rescue"]["visits"] and plan["waiting"]
    report = json.loads((workplace / "demo" / "situation.json").read_text())
    assert report["place"]["zh"] == "科金博—拉塞雷纳" and len(report["simulated"]) == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a",), "--roads is missing"),
        (("nowhere", *ROADS), "nowhere holds no assessment"),
        (("a", *ROADS, "--event", "event.json"), "leave out event_file"),
        (("a", "--roads", "none.gpkg"), "there is no file none.gpkg"),
        (("a", "--roads", "stock.csv"), "is not .geojson, .json or .gpkg"),
        (("a", *ROADS, "--teams", "none.csv"), "cannot read none.csv"),
        (("a", *ROADS, "--teams", "shelters.csv", "--hospitals", "teams.csv"), ""),
        (("a", *ROADS, "--depots", "shelters.csv"), "shelters.csv lacks the column stock_litres"),
        (("a", *ROADS, "--coast", "stock.csv"), "the shore cannot be read"),
        (("a", *ROADS, "--coast", "event.json"), "event.json has no line in it"),
        (("a", *ROADS, "--coastal-strip-km", "-1"), "a coastal strip of -1 km"),
        (("a", *ROADS, "--closures", "teams.csv"), "closures need a column edge_id"),
        (("a", "--roads", "roads.geojson", "--issued", "2020-01-01T00:00:00Z"), "is earlier than the earthquake"),
        (("a", "--roads", "roads.geojson", "--issued", "2020-05-01T12:10:00"), "zone"),
        (("a", *ROADS, "--language", "fr"), "unknown language 'fr'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_and_writes_no_plan(assessed, houfeng, arguments, words):
    code, _, err = houfeng("respond", *arguments)
    if words:
        assert code == 2 and words in err and sum(line.startswith("error: ") for line in err.splitlines()) == 1
        assert not (assessed / "a" / "plan.json").exists()
    else:
        assert code == 0, "other columns of a table do no harm"


def test_a_folder_of_another_version_is_refused(assessed, houfeng):
    record = json.loads((assessed / "a" / "assessment.json").read_text())
    (assessed / "a" / "assessment.json").write_text(json.dumps(record | {"schema": "houfeng-assessment/9"}))
    code, _, err = houfeng("respond", "a", *ROADS)
    assert code == 2 and "is no record of houfeng-assessment/1" in err


def test_a_plan_into_the_folder_of_another_earthquake_is_refused(assessed, houfeng):
    (assessed / "event.json").write_text(json.dumps(EVENT | {"event_id": "other"}))
    code, _, err = houfeng("respond", *EVENT_OPTIONS, *ROADS, "--out", "a")
    assert code == 2 and "holds the assessment of 'made-up-1'" in err
