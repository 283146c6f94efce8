"""``houfeng warn``: what a duty officer types, from the earthquake to the all-clear."""

import json
from pathlib import Path

import pytest

from houfeng.alerts import read_cap

EVENT = {
    "event_id": "us20003k7a",
    "time": "2015-09-16T22:54:32Z",
    "longitude": -71.674,
    "latitude": -31.573,
    "depth_km": 22.4,
    "magnitude": 8.3,
    "regime": "interface",
    "names": {"en": "off Illapel, Chile", "zh": "智利伊亚佩尔近海"},
}
PLACES = "name,name_zh,longitude,latitude\nCoquimbo,科金博,-71.34,-29.95\nIllapel,伊亚佩尔,-71.17,-31.63\n"
CHANCES = "name,mmi6,mmi7,mmi8\nCoquimbo,{0},0.2,0.1\nIllapel,0.9,0.8,0.6\n"
ANA, CENTRE = "Dr Ana Rojas, duty seismologist", "国家地震中心"
REPLAY = ("--drill", "--as-of", "2015-09-16T22:58:00Z")


@pytest.fixture
def desk(workplace, monkeypatch) -> Path:
    """A folder with an event, places, chances and channels; the sender is configured."""
    monkeypatch.setenv("HOUFENG_ALERTS__SENDER", "alerts@csn.example")
    monkeypatch.setenv("HOUFENG_ALERTS__CHANNELS", str(workplace / "channels.toml"))
    (workplace / "event.json").write_text(json.dumps(EVENT))
    (workplace / "places.csv").write_text(PLACES)
    (workplace / "chances.csv").write_text(CHANCES.format(0.6))
    (workplace / "channels.toml").write_text(
        '[[channel]]\nname="public"\nkind="folder"\nfolder="public"\n'
        '[[channel]]\nname="inner"\nkind="folder"\nfolder="inner"\ndrills=true\n'
    )
    return workplace


def start(houfeng, *more: str):
    return houfeng("warn", "event", "--event", "event.json", "--places", "places.csv", "--chances", "chances.csv",
                   "--confirmed-by", "CSN", *more)  # fmt: skip


def document(houfeng, *arguments) -> dict:
    code, out, _ = houfeng("warn", *arguments, "--json")
    assert code == 0, out
    return json.loads(out)


def test_from_the_earthquake_to_the_public_and_the_all_clear(desk, houfeng):
    code, out, err = start(houfeng)
    assert code == 0
    assert "[DRAFT, approved by nobody] TSUNAMI POSSIBLE" in out and "【草稿，未经任何机构批准】可能发生海啸" in out
    assert "SHOA (Servicio Hidrográfico y Oceanográfico" in out and "Houfeng does not model tsunamis" in out
    assert "nothing was sent. Next: houfeng warn approve 1 --by NAME" in err
    code, _, err = houfeng("warn", "publish", "1", "--by", CENTRE)
    assert code == 2 and "alert 1 is draft; approve it first" in err
    code, out, _ = houfeng("warn", "approve", "1", "--by", ANA)
    assert code == 0 and f"1: approved by {ANA}" in out and "[NOT PUBLISHED]" in out
    code, out, err = houfeng("warn", "publish", "1", "--by", CENTRE)
    assert code == 0 and "would go to public (" in out and "a rehearsal: nothing was published or sent" in err
    assert not (desk / "public").exists()
    code, out, _ = houfeng("warn", "publish", "1", "--by", CENTRE, "--send")
    assert code == 0 and f"1: published by {CENTRE}" in out and "public: taken, " in out and "inner: taken, " in out
    (path,) = (desk / "public").glob("*.xml")
    alert = read_cap(path.read_bytes())
    assert (alert.status, alert.kind, alert.infos[0].sender_name) == ("Actual", "new", CENTRE)

    (desk / "chances.csv").write_text(CHANCES.format(0.4))
    code, out, _ = houfeng("warn", "update", "1", "--places", "places.csv", "--chances", "chances.csv",
                           "--confirmed-by", "CSN")  # fmt: skip
    assert code == 0 and "Coquimbo: 40 %" in out, "still warned: 40 % is above the release chance"
    assert (
        houfeng("warn", "approve", "2", "--by", ANA)[0] == houfeng("warn", "publish", "2", "--by", CENTRE, "--send")[0]
    )
    assert houfeng("warn", "all-clear", "1", "--reason", "it has ended", "--reason-zh", "已结束")[0] == 0
    assert (
        houfeng("warn", "approve", "3", "--by", ANA)[0] == houfeng("warn", "publish", "3", "--by", CENTRE, "--send")[0]
    )
    told = document(houfeng, "list")["alerts"]
    assert [(one["kind"], one["state"]) for one in told] == [
        ("new", "published"),
        ("update", "published"),
        ("all-clear", "published"),
    ]
    last = read_cap(document(houfeng, "show", "3")["cap"].encode())
    assert [reference.identifier for reference in last.references] == [one["identifier"] for one in told[:2]]


def test_a_drill_goes_only_where_drills_are_wanted_and_says_so(desk, houfeng):
    assert start(houfeng, *REPLAY)[0] == 0
    assert houfeng("warn", "approve", "1", "--by", ANA)[0] == 0
    code, out, err = houfeng("warn", "publish", "1", "--by", CENTRE, "--send")
    assert code == 0 and "public: takes no exercises" in err and "inner: taken" in out
    assert not (desk / "public").exists()
    (path,) = (desk / "inner").glob("*.xml")
    alert = read_cap(path.read_bytes())
    assert alert.status == "Exercise" and path.name.startswith("exercise-")
    assert all("EXERCISE" in i.headline or "演习" in i.headline for i in alert.infos)
    assert alert.sent.isoformat() == "2015-09-16T22:58:00+00:00"
    assert start(houfeng)[0] == 0, "the drill has a thread of its own"


def test_only_an_exercise_may_replay_the_past(desk, houfeng):
    code, _, err = start(houfeng, "--as-of", "2015-09-16T22:58:00Z")
    assert code == 2 and "only an exercise may: add --drill" in err


def test_an_event_given_in_options(desk, houfeng):
    found = document(houfeng, "event", "--id", "x1", "--time", "2015-09-16T22:54:32Z", "--longitude", "-71.674",
                     "--latitude", "-31.573", "--depth-km", "22", "--magnitude", "8.3", "--regime", "interface",
                     "--name", "Illapel", "--name-zh", "伊亚佩尔", "--places", "places.csv", "--stations", "9",
                     "--error-km", "4", "--motion-region", "chile")  # fmt: skip
    assert found["draft"]["number"] == 1 and found["reason"] == ""
    assert found["facts"]["chances_from"].startswith("ground-motion models")
    assert found["draft"]["headline"]["zh-CN"].count("伊亚佩尔") == 2
    low, high = found["facts"]["places"][1]["chances"]["6"][1:]
    assert 0 < low < high <= 1


def test_an_unconfirmed_location_drafts_nothing_but_speaks_of_the_sea(desk, houfeng):
    code, out, err = houfeng("warn", "event", "--event", "event.json", "--places", "places.csv", "--chances",
                             "chances.csv", "--stations", "3")  # fmt: skip
    assert (
        code == 0
        and "no alert was drafted: the location is not confirmed: 3 of 4 stations; its error is unknown" in err
    )
    assert "TSUNAMI POSSIBLE" in out and "可能发生海啸" in out
    assert document(houfeng, "list")["alerts"] == []


def test_one_event_has_one_thread(desk, houfeng):
    assert start(houfeng)[0] == 0
    code, _, err = houfeng("warn", "cancel", "1", "--reason", "wrong")
    assert code == 2 and "nothing was published on us20003k7a yet" in err
    code, _, err = houfeng("warn", "update", "1", "--places", "places.csv", "--confirmed-by", "CSN")
    assert code == 2 and "so there is nothing to update" in err
    for step in (("approve", "1", "--by", ANA), ("publish", "1", "--by", CENTRE, "--send")):
        assert houfeng("warn", *step)[0] == 0
    code, _, err = start(houfeng)
    assert code == 2 and "has a thread already; go on with: houfeng warn update 1" in err
    assert houfeng("warn", "cancel", "1", "--reason", "the location was wrong", "--reason-zh", "定位有误")[0] == 0
    shown = document(houfeng, "show", "2")
    assert shown["kind"] == "cancel" and "定位有误" in shown["text"] and "CANCELLED" in shown["text"]
    code, _, err = houfeng("warn", "withdraw", "2", "--by", ANA, "--reason", "it was right")
    assert code == 0 and document(houfeng, "list", "--state", "withdrawn")["alerts"][0]["number"] == 2


def test_a_failed_channel_is_told_and_the_exit_code_says_so(desk, houfeng):
    (desk / "public").write_text("a file stands where the folder must")
    assert start(houfeng)[0] == 0 and houfeng("warn", "approve", "1", "--by", ANA)[0] == 0
    code, out, err = houfeng("warn", "publish", "1", "--by", CENTRE, "--send")
    assert code == 1 and "public: FAILED, cannot write" in out and "inner: taken" in out
    assert "some channels failed; try them again" in err
    (desk / "public").unlink()
    told = document(houfeng, "publish", "1", "--by", CENTRE, "--send")
    assert [(r["channel"], r["delivered"]) for r in told["receipts"]] == [("public", True)]
    receipts = document(houfeng, "show", "1")["receipts"]
    assert sorted(r["delivered"] for r in receipts) == [False, True, True]
    _, out, _ = houfeng("warn", "show", "1")
    assert "FAILED" in out and "taken" in out


def test_without_channels_and_sender_it_says_what_to_set(desk, houfeng, monkeypatch):
    monkeypatch.delenv("HOUFENG_ALERTS__CHANNELS")
    monkeypatch.delenv("HOUFENG_ALERTS__SENDER")
    assert start(houfeng)[0] == 0 and houfeng("warn", "approve", "1", "--by", ANA)[0] == 0
    code, _, err = houfeng("warn", "publish", "1", "--by", CENTRE, "--send")
    assert code == 2 and "set alerts.sender" in err
    assert start(houfeng, *REPLAY)[0] == 0 and houfeng("warn", "approve", "2", "--by", ANA)[0] == 0
    code, _, err = houfeng("warn", "publish", "2", "--by", CENTRE, "--send")
    assert code == 0 and "no channels are configured" in err


def test_files_are_written_as_the_alert_stands(desk, houfeng):
    start(houfeng)
    written = document(houfeng, "show", "1", "--out", "card")["files"]
    assert [Path(name).name.split("-")[0] for name in written] == ["draft"] * 3
    assert all((desk / name).stat().st_size > 500 for name in written)


def test_the_list_as_it_was(desk, houfeng):
    start(houfeng)
    assert document(houfeng, "list", "--as-of", "2020-01-01T00:00:00Z")["alerts"] == []
    code, out, _ = houfeng("warn", "list", "--event", "us20003k7a")
    assert code == 0 and "draft" in out and "us20003k7a" in out
    code, _, err = houfeng("warn", "list", "--event", "none")
    assert code == 0 and "no such alerts; draft one with: houfeng warn event" in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--event", "none.json"), "cannot read none.json"),
        (("--event", "places.csv"), "places.csv is not JSON"),
        (("--id", "x"), "the earthquake of the options lacks time, longitude"),
        (("--event", "event.json", "--magnitude", "5"), "give either --event or --id"),
        (("--event", "event.json", "--rules", "none.toml"), "cannot read the rules none.toml"),
        (("--event", "event.json", "--country", "XX"), "unknown tsunami warning centre 'XX'"),
        (("--event", "event.json", "--motion-region", "mars"), "unknown region of ground-motion models 'mars'"),
    ],
)
def test_wrong_input_is_told_in_one_line(desk, houfeng, options, words):
    code, _, err = houfeng("warn", "event", "--places", "places.csv", "--confirmed-by", "CSN", *options)
    assert code == 2 and words in err and err.count("\n") <= 3


RULES = """[[forecast]]
name = "bridges"
action = "inspect the bridges of Coquimbo"
magnitude = 5
cost = {cost}
loss_avoided = 100000
unit = "USD"
"""


def test_a_forecast_is_weighed_by_cost_and_loss(desk, houfeng):
    ring = [[-73, -33], [-70, -33], [-70, -29], [-73, -29], [-73, -33]]
    (desk / "coquimbo.geojson").write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    code, *_ = houfeng("forecast", "--catalog", "chile", "--as-of", "2015-09-17T00:00:00Z", "--models",
                       "reasenberg-jones,smoothed", "--n-simulations", "50", "--min-magnitude", "4.5", "--region",
                       "coquimbo.geojson", "--horizon", "week")  # fmt: skip
    assert code == 0
    (desk / "rules.toml").write_text(RULES.format(cost=20_000))
    code, _, err = houfeng("warn", "forecast", "1")
    assert code == 2 and "there is no [[forecast]] rule" in err
    code, _, err = houfeng("warn", "forecast", "1", "--rules", "rules.toml")
    assert code == 2 and "forecast 1 is draft; an alert rests on an approved one" in err
    found = document(houfeng, "forecast", "1", "--rules", "rules.toml", "--drill", "--as-of", "2015-09-17T00:00:00Z")
    (advice,) = found["advice"]
    assert advice["acts"] and advice["flip_probability"] == 0.2 and advice["models"] == 2
    assert advice["chance_low"] <= advice["chance"] <= advice["chance_high"] and advice["usual"] is not None
    assert not advice["firm"], "smoothed, the average, says wait"
    shown = document(houfeng, "show", str(found["drafts"][0]["number"]))
    assert (
        "inspect the bridges of Coquimbo" in shown["text"] and "the range of the chance leaves it open" in shown["text"]
    )
    (desk / "rules.toml").write_text(RULES.format(cost=150_000))
    code, out, _ = houfeng("warn", "forecast", "1", "--rules", "rules.toml")
    assert code == 0 and "wait" in out and "bridges" in out
    code, _, err = houfeng("warn", "forecast", "1", "--rules", "rules.toml", "--acting", "roads")
    assert code == 2 and "there is no forecast rule 'roads'; there are: bridges" in err
