"""The words of the situation report: every section, or that it is not available; ranges on every number."""

import copy
import json
import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError, UnknownNameError
from houfeng.reports import situation_numbers as numbers
from houfeng.reports.messages import LANGUAGES
from houfeng.reports.situation import Room, situation_view
from houfeng.values import STATES, legal_notice


def about(value, low, high, level=0.9) -> dict:
    return {"value": value, "low": low, "high": high, "level": level}


def both(english, chinese) -> dict:
    return {"en": english, "zh": chinese}


DOCUMENT = {
    "state": "draft",
    "authority": "",
    "label": "PSEUDO-PROSPECTIVE (final catalogue)",
    "drill": False,
    "simulated": [both("building stock", "建筑物数据"), both("damage", "破坏情况")],
    "issued": "2015-09-16T23:04:32Z",
    "minutes_after": 10,
    "place": both("Coquimbo-La Serena", "科金博-拉塞雷纳"),
    "earthquake": {
        "names": both("2015 Illapel earthquake", "2015 年伊亚佩尔地震"),
        "time": "2015-09-16T22:54:32.860000Z",
        "magnitude": 8.3,
        "magnitude_type": "mww",
        "depth_km": 22.44,
        "longitude": -71.67,
        "latitude": -31.57,
        "event_id": "us20003k7a",
    },
    "tsunami": {"banner": both("TSUNAMI POSSIBLE. Follow SHOA.", "可能发生海啸。")},
    "shaking": {"mmi": about(7.1, 6.3, 7.9), "pga_g": about(0.284, 0.14, 0.55), "stations": 0},
    "forecast": [{"words": both("MMI VI or more", "烈度 VI 度或以上"), "probability": about(0.31, 0.12, 0.55)}],
    "losses": {
        "deaths": about(14.2, 1, 131),
        "injured": about(421, 80, 2240),
        "trapped": about(0.3, 0, 3),
        "displaced": about(12345, 4123, 31400),
        "loss_usd": about(6.1e8, 1.52e8, 2.3e9),
        "light": about(17800, 9900, 28000),
        "moderate": about(5300, 2100, None),
        "severe": None,
    },
    "zones": [
        {
            "name": f"Zone {i}",
            "population": 9120 - i,
            "displaced": about(820, 180, 1800),
            "severe": about(91, 9, 270),
            "observed": i == 1,
        }
        for i in range(12)
    ],
    "needs": [
        {"words": both("Water", "饮用水"), "unit": both("litres a day", "升/日"), "amount": about(185000, 5e4, 5e5)}
    ],
    "roads": {"closed": about(37, 12, 71), "km_closed": about(8.44, 2.9, 16), "unreachable_people": None},
    "actions": [{"words": both("Keep off the coast.", "远离海岸。"), "who": both("everybody", "所有人员")}],
    "unknown": [both("How high the sea came.", "海浪高度。")],
    "sources": [both("USGS ComCat", "美国地质调查局")],
}
SECTIONS = [key for key in DOCUMENT if key not in ("state",)]


@pytest.fixture
def document() -> dict:
    return copy.deepcopy(DOCUMENT)


def row(rows: list[dict], key: str) -> dict:
    return next(found for found in rows if found["key"] == key)


def test_numbers_have_two_digits_and_a_range(document):
    losses = situation_view(document, "en")["losses"]
    shown = {found["key"]: (found["best"], found["range"]) for found in losses}
    assert shown["deaths"] == ("14", "(1 to 130)")
    assert shown["injured"] == ("420", "(80 to 2,200)")
    assert shown["trapped"] == ("<1", "(0 to 3)")
    assert shown["displaced"] == ("12,000", "(4,100 to 31,000)")
    assert shown["loss_usd"] == ("610 million", "(150 million to 2.3 billion)")
    assert shown["moderate"] == ("5,300", "(2,100 or more)")
    assert shown["severe"] == ("not available", "")


def test_chinese_counts_in_ten_thousands(document):
    losses = situation_view(document, "zh")["losses"]
    assert row(losses, "displaced")["best"] == "1.2 万"
    assert row(losses, "displaced")["range"] == "（4,100～3.1 万）"
    assert row(losses, "loss_usd")["best"] == "6.1 亿"


def test_shaking_forecast_and_level(document):
    page = situation_view(document, "en")
    mmi, pga = page["shaking"]["rows"]
    assert (mmi["best"], mmi["range"]) == ("VII  7.1", "(6.3 to 7.9)")
    assert (pga["best"], pga["range"]) == ("0.28 g", "(0.14 to 0.55)")
    assert page["shaking"]["note"] == "computed, no station had reported"
    assert page["forecast"]["entries"][0]["best"] == "31 %"
    assert page["level"].endswith("90 % of the time.")
    document["roads"]["closed"] = about(3, 1, 5, 0.95)
    assert "90–95 %" in situation_view(document, "en")["level"]


def test_stations_are_counted(document):
    document["shaking"]["stations"] = 3
    assert "3" in situation_view(document, "zh")["shaking"]["note"]
    document["shaking"]["stations"] = None
    assert situation_view(document, "zh")["shaking"]["note"] == ""


def test_where_nobody_has_looked_is_said(document):
    entries = situation_view(document, "en")["zones"]["entries"]
    assert [entry["seen"] for entry in entries[:3]] == ["not observed", "observed", "not observed"]
    del document["zones"][1]["observed"]
    assert situation_view(document, "zh")["zones"]["entries"][1]["seen"] == "未观察"


def test_long_lists_are_cut_and_say_so(document):
    zones = situation_view(document, "en", Room(zones=5))["zones"]
    assert len(zones["entries"]) == 5 and zones["more"] == "and 7 more"
    whole = situation_view(document, "en", Room(zones=12))["zones"]
    assert len(whole["entries"]) == 12 and whole["more"] == ""


def test_long_texts_are_cut(document):
    document["actions"][0]["words"] = both("word " * 300, "词" * 300)
    words = situation_view(document, "en", Room(characters=40))["actions"]["entries"][0]["words"]
    assert len(words) <= 40 and words.endswith("…")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("absent", [True, False])
def test_any_section_may_be_missing(document, section, absent, language):
    if absent:
        del document[section]
    else:
        document[section] = None
    page = situation_view(document, language)
    assert page["notice"] == legal_notice("draft")[language]
    if section in ("earthquake", "shaking", "losses", "roads", "actions", "zones", "needs", "forecast"):
        assert page[section] is None
    if section == "place":
        assert page["place"] == numbers.say("not_available", language)


def test_an_empty_document_invents_no_number():
    page = situation_view({"state": "draft"}, "en")
    texts = json.dumps({key: value for key, value in page.items() if key not in ("say", "notice", "language")})
    assert not any(character.isdigit() for character in texts), texts
    assert page["level"] == "No range is available."
    assert "tsunami" in page["tsunami"]["text"].lower() and not page["tsunami"]["alarm"]


def test_tsunami_looked_at_and_none_due_is_silent(document):
    document["tsunami"] = {"banner": None}
    assert situation_view(document, "en")["tsunami"] == {"text": "", "alarm": False}


def test_the_standing_comes_first(document):
    page = situation_view(document, "en")
    assert page["marks"] == ["SIMULATED", "DRAFT"] and page["red"] and page["watermark"] == "SIMULATED"
    assert "building stock; damage" in page["meaning"][0]
    document["drill"] = True
    page = situation_view(document, "zh")
    assert page["marks"] == ["模拟数据", "演练", "草稿"] and page["watermark"] == "演练"
    document |= {"state": "published", "authority": "SENAPRED", "drill": False, "simulated": []}
    page = situation_view(document, "en")
    assert page["marks"] == ["PUBLISHED by SENAPRED"] and not page["red"] and page["watermark"] == ""
    document["state"] = "withdrawn"
    assert situation_view(document, "en")["red"]


def test_labels_of_catalogues_are_translated(document):
    assert situation_view(document, "zh")["label"] == "伪前瞻性（使用最终地震目录）"
    document["label"] = both("as I say", "如我所说")
    assert situation_view(document, "zh")["label"] == "如我所说"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"state": None}, "needs a 'state'"),
        ({"state": "final"}, "draft, approved"),
        ({"losses": {"deaths": 14}}, "losses.deaths"),
        ({"losses": {"deaths": {"value": "many"}}}, "losses.deaths.value"),
        ({"losses": {"deaths": about(5, 9, 2)}}, "losses.deaths: the range from 9 to 2 is reversed"),
        ({"zones": "Zone 1"}, "not a list"),
        ({"simulated": True}, "list what is simulated"),
        ({"unknown": [3]}, r"unknown\[0\]"),
        ({"actions": [{"words": {"en": "only English"}}]}, r"actions\[0\].words"),
    ],
)
def test_what_cannot_be_read_is_refused_and_said_where(document, change, said):
    with pytest.raises(InputError, match=said):
        situation_view(document | change, "zh")


def test_unknown_languages_and_messages():
    with pytest.raises(UnknownNameError, match="en, zh"):
        situation_view({"state": "draft"}, "fr")
    with pytest.raises(UnknownNameError, match="message of the situation report"):
        numbers.say("nonsense", "en")
    with pytest.raises(UnknownNameError, match="language"):
        numbers.say("title", "es")


def test_every_message_is_in_both_languages_with_the_same_places():
    for key, texts in numbers.situation_words().items():
        assert set(texts) == set(LANGUAGES), key
        places = [set(re.findall(r"{(\w*)}", texts[language])) for language in LANGUAGES]
        assert places[0] == places[1], key
        assert all(texts.values()), key


def test_every_message_is_used():
    """By its name, or by the first part of it and the name of what it stands for."""
    folder = Path(numbers.__file__).parent
    sources = [*folder.glob("situation*.py"), *folder.glob("*map.py"), *folder.glob("city_*.py")]
    text = "".join(path.read_text(encoding="utf-8") for path in [*sources, folder / "templates" / "situation.typ.j2"])
    for key in numbers.situation_words():
        first, _, rest = key.partition("_")
        whole, parts = f'"{key}"' in text, f'"{first}_' in text and f'"{rest}"' in text
        assert whole or parts or f"mark_{rest}" == key and rest in STATES, f"{key} is written but never said"


@given(st.floats(1, 1e12), st.sampled_from(LANGUAGES))
def test_a_count_is_within_five_percent_of_what_it_says(value, language):
    units = {"万": 1e4, "亿": 1e8, "billion": 1e9, "million": 1e6}
    number, _, unit = numbers.count(value, language).partition(" ")
    read = float(number.replace(",", "")) * units.get(unit, 1.0)
    assert read == pytest.approx(value, rel=0.0501, abs=0.5000001)


@given(st.floats(1e-6, 1e9))
def test_a_measure_is_within_five_percent(value):
    assert float(numbers.measure(value, "en").replace(",", "")) == pytest.approx(value, rel=0.0501)


@given(st.floats(0, 1), st.floats(0, 1))
def test_percentages_never_say_never_and_keep_their_order(a, b):
    def read(text: str) -> float:
        return {"<0.1 %": 0.05, ">99 %": 99.5}.get(text) or float(text.removesuffix(" %"))

    low, high = sorted((a, b))
    texts = numbers.percent(low, "en"), numbers.percent(high, "en")
    assert 0 < read(texts[0]) <= read(texts[1]) < 100


@pytest.mark.parametrize(
    ("mmi", "numeral"), [(0.2, "I"), (1.49, "I"), (6.5, "VII"), (7.49, "VII"), (9.6, "X"), (13, "XII")]
)
def test_roman_numerals(mmi, numeral):
    assert numbers.roman(mmi) == numeral


def test_unknown_values_and_open_ranges():
    assert numbers.estimate({"value": math.nan, "low": 0, "high": 1}, "here") is None
    open_both = numbers.estimate({"value": 3}, "here")
    assert numbers.span(open_both, "en", numbers.count) == "(range not available)"
    below = numbers.estimate({"value": 3, "low": -math.inf, "high": 9}, "here")
    assert numbers.span(below, "en", numbers.count) == "(up to 9)"
    with pytest.raises(InputError, match="here is True"):
        numbers.estimate(True, "here")
