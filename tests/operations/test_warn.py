"""From an earthquake and chances to a draft, and from a draft to the public."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.alerts import read_cap
from houfeng.alerts.channels import Receipt
from houfeng.alerts.structure import problems
from houfeng.earthquake import Earthquake
from houfeng.errors import InputError, SourceError, StoreError
from houfeng.operations.alert_log import (
    UNCONFIGURED,
    alert_document,
    close,
    issued,
    keep,
    message_of,
    publish,
    read_earthquake,
    thread_of,
    warned_before,
    write_alert,
)
from houfeng.operations.places import Chances, Places, read_chances, read_places
from houfeng.operations.warn import Sender, chances_at_places, earthquake_document, facts_of, warn
from houfeng.store import Store
from houfeng.warning import Location, Rules

NOW = datetime(2015, 9, 16, 22, 58, tzinfo=UTC)
SENDER = Sender("alerts@csn.example", contact="duty@csn.example")
SURE = Location(confirmed_by="CSN")
ILLAPEL = Earthquake(
    "us20003k7a",
    datetime(2015, 9, 16, 22, 54, 32, tzinfo=UTC),
    -71.674,
    -31.573,
    22.4,
    8.3,
    regime="interface",
    names={"en": "off Illapel, Chile", "zh": "智利伊亚佩尔近海"},
)
INLAND = replace(ILLAPEL, event_id="inland", longitude=103.4, latitude=31.0, regime="crustal", magnitude=6.5, names={})
CSV = """name,name_zh,lon,lat,population,radius_km,geocode
Coquimbo,科金博,-71.34,-29.95,204068,12,ISO 3166-2=CL-CO
La Serena,拉塞雷纳,-71.25,-29.90,198163,,
Illapel,,-71.17,-31.63,30848,5,
"""


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "store") as store:
        yield store


@pytest.fixture
def places(tmp_path) -> Places:
    path = tmp_path / "places.csv"
    path.write_text(CSV, encoding="utf-8")
    return read_places(path, radius_km=10)


def chances_of(*six: float) -> Chances:
    value = np.array(six)
    return Chances({level: np.stack([value**p] * 3) for level, p in ((6.0, 1), (7.0, 2), (8.0, 4))}, "none", "a test")


def product_of(places: Places, *six: float, **more):
    fields = {"rules": Rules(), "location": SURE, "sender": SENDER, "now": NOW}
    return warn(more.pop("earthquake", ILLAPEL), places, chances_of(*six), **fields | more)


class Mailbox:
    """A channel that keeps what it is given, and fails as often as told."""

    def __init__(self, name: str = "mail", *, drills: bool = False, failures: int = 0) -> None:
        self.name, self.drills, self.address, self.failures = name, drills, "here", failures
        self.taken = []

    def send(self, released) -> Receipt:
        if self.failures:
            self.failures -= 1
            raise SourceError("the line is cut")
        self.taken.append(released)
        return Receipt(self.name, True, "taken", datetime.now(UTC))


def published(store: Store, product, channel: Mailbox | None = None, *, now: datetime = NOW):
    record = keep(store, product.alert, facts_of(product, SURE))
    store.alerts.move(record.id, "approved", "Dr Ana Rojas")
    return publish(store, record.id, "CSN", [channel] if channel else [], now=now, send=True)


def test_places_are_warned_by_band_in_both_languages(places):
    product = product_of(places, 0.95, 0.6, 0.1)
    assert product.warned == {"severe shaking": ["Coquimbo"], "strong shaking": ["La Serena"]}
    assert product.reason == "" and product.alert.kind == "new" and product.alert.event_id == "us20003k7a"
    severities = [(info.severity, info.language) for info in product.alert.infos]
    assert severities == [(s, tag) for s in ("Extreme", "Moderate", "Unknown") for tag in ("en-US", "zh-CN")]
    first = product.alert.infos[0]
    assert first.contact == "duty@csn.example" and first.areas[0].geocodes == (("ISO 3166-2", "CL-CO"),)
    assert first.areas[0].circles[0].radius_km == 12
    assert "SHOA" in first.description


@given(st.tuples(*[st.floats(0, 1)] * 3), st.booleans())
@settings(max_examples=25)
def test_the_same_input_makes_the_same_message(six, drill):
    rows = np.array([[-71.34, -29.95], [-71.25, -29.9], [-71.17, -31.63]])
    where = Places(tuple({"en": f"P{n}", "zh": f"地{n}"} for n in range(3)), rows[:, 0], rows[:, 1], np.full(3, np.nan),
                   np.full(3, 10.0), ((), (), ()))  # fmt: skip
    one, two = (product_of(where, *six, drill=drill) for _ in range(2))
    assert one.alert == two.alert and one.alert.identifier == two.alert.identifier
    assert one.alert.drill == drill


def test_nothing_is_drafted_on_an_unconfirmed_location_but_the_sea_is_not_forgotten(places):
    product = product_of(places, 0.99, 0.99, 0.99, location=Location(stations=3, error_km=10))
    assert product.alert is None and product.reason == "the location is not confirmed: 3 of 4 stations"
    assert "TSUNAMI POSSIBLE" in product.tsunami.banner["en"]


def test_without_strong_shaking_a_tsunami_alone_is_an_alert_and_neither_is_none(places):
    (first, *_) = product_of(places, 0.1, 0.1, 0.1).alert.infos
    assert first.severity == "Unknown" and first.event == "TSUNAMI POSSIBLE"
    quiet = product_of(places, 0.1, 0.1, 0.1, earthquake=INLAND)
    assert quiet.alert is None and quiet.tsunami is None and "no place reaches the rules" in quiet.reason


@pytest.mark.parametrize("status", ["exercise", "scenario"])
def test_what_is_not_actual_is_always_a_drill(places, status):
    alert = product_of(places, 0.9, 0.9, 0.9, earthquake=replace(ILLAPEL, status=status)).alert
    assert alert.status == "Exercise"


def test_an_update_refers_to_all_before_and_holds_places_until_the_release_chance(places, store):
    published(store, product_of(places, 0.6, 0.6, 0.6, earthquake=INLAND))
    thread = thread_of(store.alerts, "inland", drill=False)
    warned = warned_before(store, "inland", drill=False)
    assert warned == {"strong shaking": ["Coquimbo", "La Serena", "Illapel"]}
    later = {"earthquake": INLAND, "thread": thread, "warned": warned, "now": NOW + timedelta(minutes=9)}
    product = product_of(places, 0.4, 0.2, 0.6, **later)
    assert product.warned == {"strong shaking": ["Coquimbo", "Illapel"]}
    assert product.alert.kind == "update" and product.alert.references == (thread[0].reference,)
    assert "No longer warned at this level: La Serena." in product.alert.infos[0].description
    over = product_of(places, 0.1, 0.1, 0.1, **later)
    assert over.alert is None and "end the thread with all-clear" in over.reason


def test_simulated_input_is_told(places):
    chances = replace(chances_of(0.9, 0.9, 0.9), simulated=True)
    product = warn(ILLAPEL, places, chances, rules=Rules(), location=SURE, sender=SENDER, now=NOW)
    assert all("SIMULATED" in i.description or "模拟：" in i.description for i in product.alert.infos)


def test_the_whole_life_and_every_message_of_it_is_valid(places, store):
    box = Mailbox()
    first = published(store, product_of(places, 0.9, 0.6, 0.6), box).record
    thread = thread_of(store.alerts, ILLAPEL.event_id, drill=False)
    update = product_of(places, 0.95, 0.6, 0.6, thread=thread, now=NOW + timedelta(minutes=5))
    second = published(store, update, box, now=NOW + timedelta(minutes=6)).record
    ended = close(store, first.id, "cancel", reasons={"en": "wrong", "zh": ""}, sender=SENDER,
                  now=NOW + timedelta(minutes=7))  # fmt: skip
    assert {r.identifier for r in message_of(ended).references} == {first.identifier, second.identifier}
    store.alerts.move(ended.id, "approved", "Dr Ana Rojas")
    publish(store, ended.id, "CSN", [box], now=NOW + timedelta(minutes=8), send=True)
    assert [read_cap(released.cap).message_type for released in box.taken] == ["Alert", "Update", "Cancel"]
    assert all(problems(released.cap) == () and released.alert.status == "Actual" for released in box.taken)
    assert {info.sender_name for info in box.taken[0].alert.infos} == {"CSN"}
    with pytest.raises(InputError, match="may not follow"):
        close(store, first.id, "all-clear", reasons={"en": "x"}, sender=SENDER, now=NOW + timedelta(hours=1))


def test_an_all_clear_ends_the_thread(places, store):
    record = published(store, product_of(places, 0.9, 0.9, 0.9)).record
    ended = close(store, record.id, "all-clear", reasons={"en": "over", "zh": "结束"}, sender=SENDER,
                  now=NOW + timedelta(hours=2))  # fmt: skip
    assert ended.kind == "all-clear" and ended.state == "draft"
    assert "结束" in message_of(ended).infos[1].description


def test_nothing_that_was_not_published_is_closed(places, store):
    record = keep(store, product_of(places, 0.9, 0.9, 0.9).alert, {})
    with pytest.raises(InputError, match="nothing was published on us20003k7a yet"):
        close(store, record.id, "cancel", reasons={"en": "x"}, sender=SENDER, now=NOW)


def test_nothing_goes_out_unapproved_or_by_nobody(places, store):
    box = Mailbox()
    record = keep(store, product_of(places, 0.9, 0.9, 0.9).alert, {})
    with pytest.raises(StoreError, match="is draft and cannot become published"):
        publish(store, record.id, "CSN", [box], now=NOW, send=True)
    store.alerts.move(record.id, "approved", "Dr Ana Rojas")
    for send in (False, True):
        with pytest.raises(InputError, match="by a named authority"):
            publish(store, record.id, " ", [box], now=NOW, send=send)
    store.alerts.move(record.id, "withdrawn", "Dr Ana Rojas")
    with pytest.raises(StoreError, match="is withdrawn"):
        publish(store, record.id, "CSN", [box], now=NOW, send=True)
    assert box.taken == [] and store.alerts.receipts(record.id) == ()


def test_publishing_is_a_rehearsal_unless_told_to_send(places, store):
    box = Mailbox()
    record = keep(store, product_of(places, 0.9, 0.9, 0.9).alert, {})
    with pytest.raises(InputError, match="approve it first"):
        publish(store, record.id, "CSN", [box], now=NOW)
    store.alerts.move(record.id, "approved", "Dr Ana Rojas")
    told = publish(store, record.id, "CSN", [box], now=NOW)
    assert not told.sent and told.channels == (("mail", "here"),) and not told.receipts
    assert box.taken == [] and store.alerts.one(record.id).state == "approved"


def test_an_unconfigured_sender_publishes_drills_only(places, store):
    nobody = Sender(UNCONFIGURED)
    real = keep(store, product_of(places, 0.9, 0.9, 0.9, sender=nobody).alert, {})
    drill = keep(store, product_of(places, 0.9, 0.9, 0.9, sender=nobody, drill=True).alert, {})
    for record in (real, drill):
        store.alerts.move(record.id, "approved", "Ana")
    with pytest.raises(InputError, match="set alerts.sender"):
        publish(store, real.id, "CSN", [], now=NOW, send=True)
    public, inner = Mailbox("public"), Mailbox("inner", drills=True)
    done = publish(store, drill.id, "CSN", [public, inner], now=NOW, send=True)
    assert done.left_out == ("public",) and public.taken == [] and len(inner.taken) == 1
    assert inner.taken[0].alert.status == "Exercise"


def test_failed_channels_are_reported_kept_and_tried_again_alone(places, store):
    good, bad = Mailbox("good"), Mailbox("bad", failures=1)
    record = keep(store, product_of(places, 0.9, 0.9, 0.9).alert, {})
    store.alerts.move(record.id, "approved", "Ana")
    done = publish(store, record.id, "CSN", [bad, good], now=NOW, send=True)
    assert done.failed and [(r.channel, r.delivered) for r in done.receipts] == [("bad", False), ("good", True)]
    again = publish(store, record.id, "CSN", [bad, good], now=NOW, send=True)
    assert not again.failed and [r.channel for r in again.receipts] == ["bad"]
    assert len(good.taken) == len(bad.taken) == 1
    kept = sorted((r.channel, r.delivered) for r in store.alerts.receipts(record.id))
    assert kept == [("bad", False), ("bad", True), ("good", True)]


def test_stale_and_expired_drafts_are_refused(places, store):
    one, two = (keep(store, product_of(places, p, 0.9, 0.9).alert, {}) for p in (0.9, 0.8))
    for record in (one, two):
        store.alerts.move(record.id, "approved", "Ana")
    late = NOW + timedelta(hours=24)
    with pytest.raises(StoreError, match="expired at"):
        publish(store, one.id, "CSN", [], now=late, send=True)
    with pytest.raises(InputError, match="could not be published: .*expired"):
        publish(store, one.id, "CSN", [], now=late)
    publish(store, one.id, "CSN", [], now=NOW, send=True)
    with pytest.raises(StoreError, match="has gone on since"):
        publish(store, two.id, "CSN", [], now=NOW, send=True)


def test_two_who_publish_at_once_cannot_both_begin_the_thread(places, store):
    records = [keep(store, product_of(places, p, 0.9, 0.9).alert, {}) for p in (0.9, 0.8, 0.7)]
    for record in records:
        store.alerts.move(record.id, "approved", "Ana")
    outcomes = []

    def attempt(number: int) -> None:
        with Store.open(store.folder) as own:
            try:
                publish(own, number, "CSN", [], now=NOW, send=True)
                outcomes.append("published")
            except StoreError:
                outcomes.append("refused")

    threads = [threading.Thread(target=attempt, args=(record.id,)) for record in records]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["published", "refused", "refused"]
    assert len(store.alerts.thread(ILLAPEL.event_id, drill=False)) == 1


def test_the_document_and_the_files_say_all(places, store, tmp_path):
    record = published(store, product_of(places, 0.9, 0.6, 0.2), Mailbox()).record
    document = json.loads(json.dumps(alert_document(store, record.id), allow_nan=False))
    assert document["schema"] == "houfeng-alert/1" and document["state"] == "published"
    assert document["facts"]["warned"] == {"severe shaking": ["Coquimbo"], "strong shaking": ["La Serena"]}
    assert document["receipts"][0]["channel"] == "mail" and len(document["log"]) == 3
    assert read_cap(document["cap"].encode()) == issued(record)
    assert read_earthquake(document["facts"]["earthquake"]) == ILLAPEL
    paths = write_alert(store, record.id, tmp_path / "out")
    assert [path.suffix for path in paths] == [".xml", ".txt", ".html"] and paths[0].read_text() == document["cap"]


def test_an_earthquake_survives_its_document():
    for earthquake in (ILLAPEL, INLAND, replace(ILLAPEL, status="exercise")):
        assert read_earthquake(json.loads(json.dumps(earthquake_document(earthquake)))) == earthquake


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"magnitude": "8"}, "magnitude is '8', it must be a number"),
        ({"depth": 3}, "'depth' is not known; there are: depth_km"),
        ({"time": 2015}, "time is 2015, it must be a text"),
        ({"time": "2015-09-16T22:54:32"}, "has no time zone"),
        ({"names": ["x"]}, "names must be an object"),
        ({"longitude": 999}, "longitude 999 of earthquake"),
        ({"regime": "crust"}, "did you mean 'crustal'"),
    ],
)
def test_a_wrong_earthquake_is_told(change, words):
    with pytest.raises(InputError, match=words):
        read_earthquake(earthquake_document(ILLAPEL) | change)
    with pytest.raises(InputError, match="lacks time, longitude"):
        read_earthquake({"event_id": "x"})
    with pytest.raises(InputError, match="must be a JSON object"):
        read_earthquake([])


def test_bad_rows_of_places_are_kept_out_and_told(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text(CSV + "Bad,,999,0,,,\nNoLat,,1,x,,,\n,,1,1,,,\nCoquimbo,,1,1,,,\nGeo,,1,1,,,only\nNeg,,1,1,-5,,\n")
    places = read_places(path, radius_km=10)
    assert [name["en"] for name in places.names] == ["Coquimbo", "La Serena", "Illapel"]
    assert places.names[2]["zh"] == "Illapel" and places.radius_km.tolist() == [12, 10, 5]
    told = " | ".join(places.rejected)
    assert len(places.rejected) == 6 and "line 5: longitude of 'Bad' is 999" in told and "latitude is 'x'" in told
    for words in ("the name is empty", "a second place called 'Coquimbo'", "SYSTEM=CODE", "population of 'Neg' is -5"):
        assert words in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,longitude\nx,1\n", "lacks the column latitude"),
        ("", "lacks the column"),
        ("name,longitude,latitude\n", "a header and no rows"),
        ("name,longitude,latitude\nx,999,0\n", "has no usable place; first: "),
    ],
)
def test_places_without_use_are_told(tmp_path, text, words):
    path = tmp_path / "p.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_places(path, radius_km=10)
    with pytest.raises(SourceError, match="cannot read"):
        read_places(tmp_path / "none.csv", radius_km=10)


def test_chances_are_read_with_and_without_ranges(tmp_path, places):
    path = tmp_path / "c.csv"
    path.write_text("name,mmi6,mmi7\nIllapel,0.9,0.5\nCoquimbo,0.6,0.3\nLa Serena,0.5,0.2\nElsewhere,0,0\n")
    found = read_chances(path, places)
    assert found.ranges == "none" and found.best[7.0].tolist() == [0.3, 0.2, 0.5]
    path.write_text("name,mmi6,mmi6_low,mmi6_high\n" + "".join(f"{n},0.5,0.4,0.7\n" for n in ("Illapel", "Coquimbo",
                    "La Serena")))  # fmt: skip
    assert read_chances(path, places).by_level[6.0][:, 0].tolist() == [0.5, 0.4, 0.7]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,mmi6\nIllapel,0.9\n", "no chances for 2 of 3 places, first 'Coquimbo'"),
        ("name,chance\nIllapel,1\nCoquimbo,1\nLa Serena,1\n", "no column such as mmi6"),
        ("name,mmi6\nIllapel,1.5\nCoquimbo,1\nLa Serena,1\n", "line 2: mmi6 is 1.5; a chance lies between 0 and 1"),
        ("name,mmi6\nIllapel,\nCoquimbo,1\nLa Serena,1\n", "mmi6 is '', which is no number"),
        ("name,mmi6,mmi6_low,mmi6_high\nIllapel,.5,.6,.7\nCoquimbo,1,1,1\nLa Serena,1,1,1\n", "lies outside its range"),
    ],
)
def test_wrong_chances_are_told(tmp_path, places, text, words):
    path = tmp_path / "c.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_chances(path, places)


def test_ground_motion_models_give_chances_with_a_range_that_fall_with_level_and_distance(places):
    found = chances_at_places(ILLAPEL, places, (6.0, 7.0, 8.0), rng=np.random.default_rng(1), region="chile")
    value, low, high = found.by_level[6.0]
    assert ((low <= value) & (value <= high)).all() and found.ranges == "models"
    assert (found.best[8.0] <= found.best[7.0]).all() and (found.best[7.0] <= found.best[6.0]).all()
    assert found.best[6.0][2] > found.best[6.0][0], "Illapel is nearer than Coquimbo"
    share = (found.fields >= 6).mean(axis=0)
    assert share == pytest.approx(found.best[6.0], abs=0.12), "fields and chances agree"
    again = chances_at_places(ILLAPEL, places, (6.0, 7.0, 8.0), rng=np.random.default_rng(1), region="chile")
    assert (again.fields == found.fields).all()
    product = warn(ILLAPEL, places, found, rules=Rules(), location=SURE, sender=SENDER, now=NOW)
    assert product.alert is not None and all(b.expected_false.level == 0.9 for b in product.decision.bands)


def test_one_model_alone_has_no_range_and_says_so(places):
    found = chances_at_places(ILLAPEL, places, (6.0, 7.0, 8.0), rng=np.random.default_rng(1))
    assert found.ranges == "one" and (found.by_level[6.0][0] == found.by_level[6.0][2]).all()
    product = warn(ILLAPEL, places, found, rules=Rules(), location=SURE, sender=SENDER, now=NOW)
    assert "by one ground-motion model, so without a range" in product.alert.infos[0].description
