"""Tables that people type for warnings, and what a later message must not forget."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.alerts import next_message
from houfeng.alerts.compose import Frame
from houfeng.alerts.outlook import Outlook, forecast_infos
from houfeng.earthquake import Earthquake
from houfeng.errors import InputError
from houfeng.operations.alert_log import close, keep, message_of, publish
from houfeng.operations.places import Chances, Places, indices_of, read_chances, read_places
from houfeng.operations.warn import Sender, facts_of, warn
from houfeng.store import Store
from houfeng.values import Estimate
from houfeng.warning import Location, Rules

NOW = datetime(2015, 9, 16, 22, 58, tzinfo=UTC)
SENDER = Sender("alerts@csn.example")
SURE = Location(confirmed_by="CSN")
INLAND = Earthquake("inland", datetime(2015, 9, 16, 22, 54, 32, tzinfo=UTC), 103.4, 31.0, 20.0, 6.5)
NAMES = ("Coquimbo", "La Serena", "Illapel")


def town(n: int) -> Places:
    names = tuple({"en": NAMES[i], "zh": NAMES[i]} for i in range(n))
    ten, nothing = np.full(n, 10.0), np.full(n, np.nan)
    return Places(names, np.arange(n) + 100.0, np.arange(n) + 30.0, nothing, ten, ((),) * n)


def product_of(six, seven, eight, warned=None, **more):
    rows = {6.0: six, 7.0: seven, 8.0: eight}
    chances = Chances({level: np.array([row] * 3) for level, row in rows.items()}, "none", "a test")
    how = {"rules": Rules(), "location": SURE, "sender": SENDER, "now": NOW, "warned": warned}
    return warn(INLAND, town(len(six)), chances, **how | more)


def released_by(product) -> list[tuple[str, str]]:
    """Severity and sentence on released places of every English block."""
    return [
        (info.severity, line)
        for info in product.alert.infos
        if info.language == "en-US"
        for line in info.description.split("\n\n")
        if line.startswith("No longer")
    ]


def test_a_place_released_from_a_band_that_has_none_left_is_still_named():
    before = {"severe shaking": ["Coquimbo"], "strong shaking": ["La Serena"]}
    product = product_of([0.95, 0.1], [0.9, 0.0], [0.8, 0.0], before)
    assert product.warned == {"severe shaking": ["Coquimbo"]}
    assert released_by(product) == [("Extreme", "No longer warned at this level: La Serena.")]


def test_a_place_that_leaves_the_strongest_band_altogether_is_named_in_the_next():
    before = {"severe shaking": ["Coquimbo", "Illapel"]}
    product = product_of([0.1, 0.9, 0.9], [0, 0, 0], [0, 0, 0], before)
    assert product.warned == {"strong shaking": ["La Serena", "Illapel"]}
    assert released_by(product) == [("Moderate", "No longer warned at this level: Coquimbo.")]


@given(st.lists(st.tuples(*[st.floats(0, 1)] * 3), min_size=3, max_size=3), st.data())
@settings(max_examples=40)
def test_whoever_was_warned_is_either_warned_again_or_told_of_the_end(rows, data):
    table = np.sort(np.array(rows), axis=1)[:, ::-1].T
    rule = st.sampled_from([*(rule.name for rule in Rules().intensity), ""])
    before: dict[str, list[str]] = {}
    for name in NAMES:
        before.setdefault(data.draw(rule), []).append(name)
    before.pop("", None)
    product = product_of(*table, before)
    if product.alert is None:
        return
    told = " ".join(line for _, line in released_by(product))
    warned = {name for names in product.warned.values() for name in names}
    for name in (name for names in before.values() for name in names):
        assert (name in told) or (name in warned)
    for severity, line in released_by(product):
        block = next(i for i in product.alert.infos if i.severity == severity)
        assert not any(area.description in line for area in block.areas), "released and warned at one level"


def test_the_numbers_of_a_band_count_the_stronger_ones_too():
    product = product_of([0.9, 0.9, 0.2], [0.8, 0.1, 0.0], [0.1, 0.0, 0.0])
    texts = [i.description for i in product.alert.infos if i.language == "en-US"]
    assert [band.places.tolist() for band in product.decision.bands] == [[], [0], [1]]
    assert "1 of 3 places" in texts[0] and "2 of 3 places" in texts[1]


def places_in(tmp_path, text: str) -> Places:
    path = tmp_path / "p.csv"
    path.write_text(text, encoding="utf-8")
    return read_places(path, radius_km=10)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("B\x07,1,1,,", "control character U+0007"),
        ("B,1,1,二\x1b,", "control character U+001B"),
        ("B,1,1,,A=\x00", "control character U+0000"),
        ("B,-71,34,-29,95,A=B", "more cells than the header"),
        ("B,1", "latitude is ''"),
        ("B,1,90.01,,", "latitude of 'B' is 90.01"),
        ("B,-180.5,1,,", "longitude of 'B' is -180.5"),
        ("B,1,1,,A=", "write it like SYSTEM=CODE"),
        ("B,1,1,,=A", "write it like SYSTEM=CODE"),
    ],
)
def test_a_row_that_would_stop_the_message_is_kept_out_alone(tmp_path, row, words):
    places = places_in(tmp_path, f"name,lon,lat,name_zh,geocode\nA,1,2,,\n{row}\nC,-180,-90,,X=Y,,\n")
    assert [name["en"] for name in places.names] == ["A", "C"] and places.geocodes == ((), (("X", "Y"),))
    (told,) = places.rejected
    assert words in told and "line 3" in told
    product = warn(
        INLAND,
        places,
        Chances({level: np.ones((3, 2)) for level in (6.0, 7.0, 8.0)}, "none", "a test"),
        rules=Rules(),
        location=SURE,
        sender=SENDER,
        now=NOW,
    )
    assert product.warned == {"severe shaking": ["A", "C"]}


def test_columns_go_by_either_name_and_only_once(tmp_path):
    places = places_in(tmp_path, "\ufeffName_EN , LAT,Lon,radius_km\n A ,2,1,0.01\nB,4,3,500\nC,4,3,500.1\nD,4,3,0\n")
    assert [name["en"] for name in places.names] == ["A", "B"] and places.longitude.tolist() == [1, 3]
    assert places.latitude.tolist() == [2, 4] and places.radius_km.tolist() == [0.01, 500] and len(places.rejected) == 2
    with pytest.raises(InputError, match="the column longitude twice"):
        places_in(tmp_path, "name,lon,longitude,lat\nA,1,2,3\n")


def test_names_are_found_again_whatever_their_order():
    assert indices_of(town(3), ["Illapel", "nowhere", "Coquimbo"]) == (2, 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,mmi6\nCoquimbo,0.5\nLa Serena,0.4\nCoquimbo,0.9\n", "line 4: a second row for 'Coquimbo'"),
        ("name,mmi6,mmi7\nCoquimbo,0,5,0,1\nLa Serena,0.4,0.1\n", "line 2: the row has more cells than the header"),
        ("name,mmi6,mmi6\nCoquimbo,0.5,0.1\nLa Serena,0.4,0.1\n", "the column mmi6 twice"),
        ("name,mmi6,mmi6_low,mmi6_high\nCoquimbo,.5,.4\nLa Serena,.5,.4,.6\n", "line 2: mmi6_high is ''"),
        ("mmi6,name\n0.5,Coquimbo\n0.4\n", "no chances for 1 of 2 places, first 'La Serena'"),
        ("name,mmi6\nCoquimbo,0.5\nLa Serena,-0.001\n", "line 3: mmi6 is -0.001"),
        ("name,mmi6,mmi6_low,mmi6_high\nCoquimbo,.5,.4,.6\nLa Serena,.5,.4,.49\n", "of 'La Serena' lies outside"),
    ],
)
def test_a_table_of_chances_that_leaves_a_choice_is_refused(tmp_path, text, words):
    path = tmp_path / "c.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_chances(path, town(2))


def test_ranges_are_kept_only_where_every_level_has_one(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("name,mmi6,mmi6_low,mmi6_high,mmi6.5\nCoquimbo,1,0,1,0\n")
    found = read_chances(path, town(1))
    assert found.ranges == "none" and found.by_level[6.0].tolist() == [[1.0]] * 3 and set(found.by_level) == {6.0, 6.5}


def test_an_alert_on_a_forecast_ends_by_itself_and_says_so(tmp_path):
    outlook = Outlook(
        {"en": "Chile"}, 6.0, NOW, NOW + timedelta(days=7), Estimate(0.12, 0.05, 0.2, 1.0), 3, 0.02, "inspect", 1.0,
        20.0, "USD", 0.05, True, True, {"model": "etas", "label": "x", "data_end": "2015"},
    )  # fmt: skip
    infos = forecast_infos(outlook, Frame(NOW, timedelta(hours=24)))
    alert = next_message("new", sender=SENDER.name, event_id="forecast-1-r", sent=NOW, infos=infos)
    with Store.open(tmp_path / "store") as store:
        record = keep(store, alert, {"forecast": 1, "rule": "r"})
        store.alerts.move(record.id, "approved", "Ana")
        publish(store, record.id, "CSN", [], now=NOW, send=True)
        with pytest.raises(InputError, match="speaks of a forecast, which ends by itself"):
            close(store, record.id, "cancel", reasons={"en": "x"}, sender=SENDER, now=NOW + timedelta(hours=1))


def test_what_a_closing_message_keeps_of_the_one_it_ends(tmp_path):
    six, rest = [0.9, 0.9], [0.1, 0.1]
    chances = Chances({6.0: np.array([six] * 3), 7.0: np.array([rest] * 3), 8.0: np.zeros((3, 2))}, "none", "t", True)
    product = warn(
        INLAND, town(2), chances, rules=replace(Rules(), event_codes=(("SAME", "EQW"),)), location=SURE,
        sender=SENDER, now=NOW,
    )  # fmt: skip
    with Store.open(tmp_path / "store") as store:
        record = keep(store, product.alert, facts_of(product, SURE))
        store.alerts.move(record.id, "approved", "Ana")
        publish(store, record.id, "CSN", [], now=NOW, send=True)
        later = NOW + timedelta(hours=3)
        ended = close(store, record.id, "all-clear", reasons={"zh": "结束"}, sender=SENDER, now=later)
    message = message_of(ended)
    assert message.note == "结束" and message.sent == later
    assert {info.event_codes for info in message.infos} == {(("SAME", "EQW"),)}
    assert all(info.expires == later + SENDER.valid for info in message.infos)
    assert "SIMULATED" in message.infos[0].description and ended.facts["warned"] == {}
