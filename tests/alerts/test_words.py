"""What alerts say, the card, and the feed."""

import re
import string
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import timedelta

import pytest
from alert_samples import ILLAPEL, SEA, SENT, STANDINGS, band, frame, illapel, info, message, place
from hypothesis import given
from hypothesis import strategies as st

from houfeng.alerts import Area, as_issued, wording
from houfeng.alerts.alert import CERTAINTIES, SEVERITIES, STATUSES, URGENCIES
from houfeng.alerts.atom import feed, file_name
from houfeng.alerts.card import to_html, to_text
from houfeng.alerts.compose import closing_infos, shaking_infos
from houfeng.alerts.outlook import Outlook, forecast_infos
from houfeng.errors import InputError, UnknownNameError
from houfeng.values import Estimate

PUBLISHED = STANDINGS[2]


def fields_of(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_sentence_has_both_languages_and_the_same_blanks():
    for key, texts in wording.catalogue().items():
        assert set(texts) == {"en", "zh"}, key
        optional = {"names", "n", "total"} if key == "and_more" else set()
        assert fields_of(texts["en"]) - optional == fields_of(texts["zh"]) - optional, key


def test_every_word_of_cap_that_a_card_shows_is_there():
    for name in {*STATUSES, *SEVERITIES, *URGENCIES, *CERTAINTIES}:
        assert wording.say(name, "zh")
    with pytest.raises(UnknownNameError, match="sentence of an alert"):
        wording.say("nonsense", "en")


@given(st.floats(0, 1))
def test_a_chance_is_never_certain(chance):
    text = wording.percent(chance)
    assert text not in ("0 %", "100 %")
    shown = float(re.sub("[<>% ]", "", text)) / 100
    if text[0] not in "<>":
        assert shown == pytest.approx(chance, rel=0.06, abs=0.0051)


@pytest.mark.parametrize(
    ("mmi", "roman", "english"),
    [(6, "VI", "strong"), (7.5, "7.5", "very strong"), (12, "XII", "extreme"), (2, "II", "light")],
)
def test_intensities_for_people(mmi, roman, english):
    assert wording.roman(mmi) == roman and wording.shaking_word(mmi, "en") == english


def test_places_and_times_for_people():
    assert wording.position(longitude=-71.674, latitude=-31.573, language="en") == "31.57° S, 71.67° W"
    assert wording.position(longitude=103.4, latitude=31.0, language="zh") == "北纬31.00°，东经103.40°"
    assert wording.clock(ILLAPEL.time, "zh") == "2015年9月16日22:54:32"
    assert wording.names_of(["a", "b", "c", "d"], "en") == "a, b, c and 1 more places"
    assert wording.names_of(["甲", "乙", "丙", "丁"], "zh") == "甲、乙、丙等4处"


def test_one_block_for_each_language_and_band_and_one_for_the_sea():
    bands = [band(place("Illapel", "伊亚佩尔", 0.7), rule="severe", severity="Extreme", mmi=8.0), band()]
    infos = shaking_infos(ILLAPEL, bands, frame(event_codes=(("SAME", "EQW"),)), SEA)
    assert [(i.language, i.severity) for i in infos] == [
        (language, severity) for severity in ("Extreme", "Moderate", "Unknown") for language in ("en-US", "zh-CN")
    ]
    assert all(SEA.banner["en" if i.language == "en-US" else "zh"] in i.description for i in infos)
    assert all(i.event_codes == (("SAME", "EQW"),) and i.expires == SENT + timedelta(hours=24) for i in infos)
    english, chinese = infos[2], infos[3]
    assert [area.description for area in english.areas] == ["Coquimbo", "La Serena"]
    assert [area.description for area in chinese.areas] == ["科金博", "拉塞雷纳"]
    assert [a.circles for a in english.areas] == [a.circles for a in chinese.areas]
    assert english.parameters == chinese.parameters
    assert "Coquimbo: 60 % (54 % to 66 %)" in english.description
    assert "0.9 of them (90 % range 0 to 2) are expected to be warned in vain" in english.description
    assert "漏报" in chinese.description and "智利伊亚佩尔近海8.3级地震" in chinese.headline
    assert dict(english.parameters)["houfeng:chances"] == "0.6000 0.5500"


def test_certainty_follows_the_least_certain_place():
    (english, _) = shaking_infos(ILLAPEL, [band(place(chance=0.9), place("x", "x", 0.4))], frame(), None)
    assert english.certainty == "Possible" and "possible in Coquimbo" in english.headline


def test_simulated_input_is_told_in_every_block():
    for block in shaking_infos(ILLAPEL, [band()], frame(simulated=True), SEA):
        assert ("SIMULATED" if block.language == "en-US" else "模拟：") in block.description
        assert ("houfeng:simulated", "true") in block.parameters
    assert "SIMULATED" not in shaking_infos(ILLAPEL, [band()], frame(), SEA)[0].description


def test_many_places_are_counted_not_listed():
    places = [place(f"Town {n}", f"镇{n}") for n in range(50)]
    english, chinese = shaking_infos(ILLAPEL, [band(*places)], frame(), None)
    assert "- and 30 more places" in english.description and "另有30处" in chinese.description
    assert len(english.areas) == 50 and english.headline.endswith("Town 0, Town 1, Town 2 and 47 more places")


def test_released_places_are_told():
    english, chinese = shaking_infos(ILLAPEL, [band(released=({"en": "Ovalle", "zh": "奥瓦列"},))], frame(), None)
    assert "No longer warned at this level: Ovalle." in english.description and "奥瓦列" in chinese.description


def test_nothing_to_say_is_no_alert():
    with pytest.raises(InputError, match="nothing to alert about"):
        shaking_infos(ILLAPEL, [], frame(), None)
    with pytest.raises(InputError, match="warns no place"):
        shaking_infos(ILLAPEL, [replace(band(), places=())], frame(), None)


def test_an_all_clear_leaves_the_sea_to_its_centre_and_a_cancel_takes_all_back():
    first = illapel()
    clear = closing_infos("all-clear", ILLAPEL, first, frame(), {"en": "it has ended"})
    cancel = closing_infos("cancel", ILLAPEL, first, frame(), {"zh": "定位有误"})
    assert [area.description for area in clear[0].areas] == ["Coquimbo", "La Serena"]
    assert "shaking only" in clear[0].headline and "until your tsunami warning centre" in clear[0].instruction
    assert clear[2:] == first.infos[-2:], "the words on a tsunami are said again, as an update replaces all before"
    ended = message("all-clear", thread=(first,), after=1, infos=clear)
    assert ended.kind == "all-clear" and [i.responses for i in ended.infos[1:3]] == [
        ("AllClear",),
        ("Evacuate", "Monitor"),
    ]
    assert len(cancel) == 2 and len(cancel[0].areas) == 3
    assert "Reason: it has ended" in clear[0].description and "it has ended" in clear[1].description
    assert "定位有误" in cancel[0].description and cancel[0].responses == ("None",)
    sea_only = message(infos=shaking_infos(ILLAPEL, [], frame(), SEA))
    with pytest.raises(InputError, match="the tsunami warning centre's to give"):
        closing_infos("all-clear", ILLAPEL, sea_only, frame(), {"en": "x"})
    with pytest.raises(InputError, match="needs a reason"):
        closing_infos("cancel", ILLAPEL, first, frame(), {"en": " ", "zh": ""})


def outlook(**more) -> Outlook:
    fields = {
        "names": {"en": "Chile", "zh": "智利"},
        "magnitude": 6.0,
        "start": SENT,
        "end": SENT + timedelta(days=7),
        "chance": Estimate(0.12, 0.05, 0.2, 1.0),
        "n_models": 3,
        "usual": 0.02,
        "action": "inspect bridges",
        "cost": 10_000.0,
        "loss_avoided": 200_000.0,
        "unit": "USD",
        "flip": 0.05,
        "acts": True,
        "firm": False,
        "source": {"model": "etas", "label": "PSEUDO-PROSPECTIVE", "data_end": "2015-09-16"},
        "ring": ((-73.0, -33.0), (-70.0, -33.0), (-70.0, -29.0), (-73.0, -33.0)),
    }
    return Outlook(**fields | more)


def test_a_forecast_says_chance_baseline_range_and_where_the_advice_flips():
    english, chinese = forecast_infos(outlook(), frame(simulated=True))
    for words in ("12 %", "3 models of this run say between 5.0 % and 20 %", "in as long a time is 2.0 %",
                  "above a chance of 5.0 %", "it pays (the range of the chance leaves it open)",
                  "88 of 100 such actions would be in vain", "data until 2015-09-16", "SIMULATED"):  # fmt: skip
        assert words.replace("5.0 %", "5 %").replace("2.0 %", "2 %") in english.description, words
    assert "不是地震预报" in chinese.event and (english.urgency, english.certainty) == ("Future", "Possible")
    assert english.areas[0].polygons and dict(english.parameters)["houfeng:flip-probability"] == "0.05"
    assert english.expires == SENT + timedelta(hours=24)
    waits, _ = forecast_infos(outlook(acts=False, usual=None, n_models=1, flip=2.0, ring=()), frame())
    for words in ("it does not pay", "was not computed", "Only one model was run", "above a chance of 200 %"):
        assert words in waits.description


@given(st.sampled_from(STANDINGS), st.booleans())
def test_the_card_says_every_paragraph_once_and_its_standing(standing, drill):
    shown = as_issued(illapel(drill=drill), standing)
    text, page = to_text(shown), to_html(shown)
    for block in shown.infos:
        for paragraph in (block.headline, *block.description.split("\n\n"), *block.instruction.split("\n\n")):
            assert paragraph in text
    assert text.count("computed and not measured") == 1 == text.count("drop, cover and hold on")
    assert ("Draft" in text) == (standing.state != "published")
    assert f"Issued by: {standing.authority if standing.state == 'published' else 'nobody'}" in text
    assert shown.identifier in page and "<script" not in page and 'lang="zh-CN"' in page


def test_markup_in_words_is_not_markup_in_the_card():
    page = to_html(message(infos=(info(headline="<script>x</script>", areas=(Area("<b>a</b>"),)),)))
    assert "<script>" not in page and "&lt;script&gt;" in page and "<b>" not in page
    assert "<article" not in to_html(message("cancel", thread=(message(),), after=1, infos=(info(),)).__class__(
        "a", "b", SENT, "e", ()))  # fmt: skip


def test_an_empty_feed_is_a_feed_and_names_say_what_is_a_drill():
    root = ET.fromstring(feed([], feed_id="tag:x,2026:y", language="zh-CN", updated=SENT))
    assert root.findtext("{http://www.w3.org/2005/Atom}updated") == "2015-09-16T22:58:00Z"
    assert root.findtext("{http://www.w3.org/2005/Atom}title") == "地震预警信息"
    assert file_name(message(drill=True)).startswith("exercise-houfeng-")
    odd = replace(message(), identifier="../../etc/passwd;rm")
    assert "/" not in file_name(odd) and ";" not in file_name(odd) and not file_name(odd).startswith(".")
    assert file_name(as_issued(message(), STANDINGS[0])).startswith("draft-")
