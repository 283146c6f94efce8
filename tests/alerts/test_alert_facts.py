"""What makes a message another message, when it is stale, and which mark it bears: fact by fact."""

from dataclasses import replace
from datetime import timedelta

import pytest
from alert_samples import ILLAPEL, SEA, SENT, STANDINGS, band, frame, info, message, place

from houfeng.alerts import Area, Circle, Reference, Standing, as_issued, wording
from houfeng.alerts.compose import shaking_infos
from houfeng.alerts.lifecycle import identify, stale_reason
from houfeng.values import Estimate

RING = ((-71.0, -30.0), (-70.0, -30.0), (-70.0, -29.0), (-71.0, -30.0))
EARLIER = (Reference("alerts@csn.example", "houfeng-1", SENT), Reference("alerts@csn.example", "houfeng-2", SENT))


def name_of(**more) -> str:
    facts = {"sender": "a@b", "event_id": "e", "kind": "update", "sent": SENT, "drill": False,
             "references": EARLIER, "infos": (info(onset=SENT, event_codes=(("SAME", "EQW"),)),)}  # fmt: skip
    return identify(**facts | more)


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "cancel"},
        {"references": EARLIER[:1]},
        {"references": EARLIER[::-1]},
        {"sent": SENT + timedelta(seconds=1)},
        {"infos": ()},
        *(
            {"infos": (info(**({"onset": SENT, "event_codes": (("SAME", "EQW"),)} | change)),)}
            for change in (
                {"urgency": "Expected"},
                {"certainty": "Possible"},
                {"responses": ("Shelter",)},
                {"event_codes": ()},
                {"categories": ("Safety",)},
                {"onset": None},
                {"areas": (Area("Coquimbo", circles=(Circle(-71.34, -29.95, 13),)),)},
                {"areas": (Area("Coquimbo", circles=(Circle(-71.34, -29.96, 12),)),)},
                {"areas": (Area("Coquimbo", circles=(Circle(-71.34, -29.95, 12),), polygons=(RING,)),)},
                {"areas": (Area("Coquimbo", circles=(Circle(-71.34, -29.95, 12),), geocodes=(("A", "B"),)),)},
            )
        ),
    ],
    ids=str,
)
def test_every_single_fact_is_in_the_identifier(other):
    assert name_of(**other) != name_of()


def test_no_word_is_in_the_identifier():
    same = info(
        "zh-CN", onset=SENT, event_codes=(("SAME", "EQW"),), event="e", headline="h", description="d", instruction="",
        contact="c", sender_name="s", areas=(Area("科金博", circles=(Circle(-71.34, -29.95, 12),)),),
    )  # fmt: skip
    assert name_of(infos=(same,)) == name_of() == name_of(sent=SENT + timedelta(microseconds=9))


def test_a_message_holds_until_its_last_block_expires():
    infos = (info(expires=SENT + timedelta(hours=1)), info("zh-CN", expires=SENT + timedelta(hours=3)))
    alert = message(infos=infos)
    assert stale_reason(alert, (), SENT + timedelta(hours=3) - timedelta(seconds=1)) == ""
    assert "expired at 2015-09-17T01:58" in stale_reason(alert, (), SENT + timedelta(hours=3))
    assert stale_reason(message(infos=(info(expires=None),)), (), SENT + timedelta(days=999)) == ""


def test_a_thread_of_the_same_length_with_another_message_is_another_thread():
    one, other = message(), message(infos=(info(severity="Extreme"),))
    update = message("update", thread=(one,), after=1)
    assert stale_reason(update, (one,), SENT) == ""
    assert "has gone on" in stale_reason(update, (other,), SENT)


def test_two_messages_of_one_second_may_follow_each_other():
    assert message("update", thread=(message(after=1),), after=1).sent == message(after=1).sent


@pytest.mark.parametrize(
    ("standing", "english", "chinese"),
    [
        (STANDINGS[0], "[DRAFT, approved by nobody] ", "【草稿，未经任何机构批准】"),
        (STANDINGS[1], "[NOT PUBLISHED] ", "【尚未发布】"),
        (STANDINGS[3], "[WITHDRAWN, never published] ", "【已撤回，从未发布】"),
        (Standing("published", "CSN"), "", ""),
    ],
)
def test_each_standing_has_a_mark_of_its_own(standing, english, chinese):
    blocks = (info(instruction=""), info("ZH-cn", event="地震", headline=""), info("es-CL"))
    shown = as_issued(message(infos=blocks), standing)
    assert [i.headline for i in shown.infos] == [
        f"{english}Strong shaking".strip(),
        chinese,
        f"{english}Strong shaking",
    ]
    assert shown.infos[1].event == f"{chinese}地震"
    assert shown.infos[0].instruction == "", "where nothing was said, a mark says nothing"
    assert shown.note.startswith(english.strip(" []"))


def test_a_drill_that_is_a_draft_has_both_marks_outermost_the_standing():
    shown = as_issued(message(drill=True, infos=(info(),)), Standing())
    assert shown.infos[0].event == "[DRAFT, approved by nobody] [EXERCISE EXERCISE EXERCISE] Earthquake"


@pytest.mark.parametrize(
    ("chance", "text"),
    [
        (0.0, "< 0.01 %"), (0.00009, "< 0.01 %"), (0.0001, "0.01 %"), (0.0042, "0.42 %"), (0.0949, "9.5 %"),
        (0.0995, "10 %"), (0.5, "50 %"), (0.99, "99 %"), (0.9901, "> 99 %"),
    ],
)  # fmt: skip
def test_chances_at_the_seams_of_how_they_are_written(chance, text):
    assert wording.percent(chance) == text


def test_the_words_of_intensities_at_both_ends():
    assert [wording.roman(m) for m in (1, 4, 9, 12, 13, 6.5)] == ["I", "IV", "IX", "XII", "13", "6.5"]
    assert wording.shaking_word(3.9, "en") == wording.shaking_word(4, "en") != wording.shaking_word(5, "en")
    assert wording.shaking_word(10, "en") == wording.shaking_word(12, "en") != wording.shaking_word(9.9, "en")


@pytest.mark.parametrize(
    ("longitude", "latitude", "english", "chinese"),
    [
        (0.0, 0.0, "0.00° N, 0.00° E", "北纬0.00°，东经0.00°"),
        (-0.5, 12.3451, "12.35° N, 0.50° W", "北纬12.35°，西经0.50°"),
        (179.999, -60.001, "60.00° S, 180.00° E", "南纬60.00°，东经180.00°"),
    ],
)
def test_positions_in_every_quarter_of_the_globe(longitude, latitude, english, chinese):
    where = {"longitude": longitude, "latitude": latitude}
    assert wording.position(**where, language="en") == english
    assert wording.position(**where, language="zh") == chinese


def test_three_names_are_all_shown_and_the_fourth_is_counted():
    assert wording.names_of(["a", "b", "c"], "en") == "a, b, c"
    assert wording.names_of(["a", "b", "c", "d", "e"], "en", shown=2) == "a, b and 3 more places"
    assert wording.names_of(["甲", "乙"], "zh", shown=1) == "甲等2处"


@pytest.mark.parametrize(
    ("severity", "chance", "urgency", "certainty"),
    [
        ("Extreme", 0.51, "Immediate", "Likely"),
        ("Severe", 0.5, "Immediate", "Possible"),
        ("Moderate", 0.9, "Expected", "Likely"),
        ("Minor", 0.1, "Expected", "Possible"),
    ],
)
def test_urgency_goes_by_severity_and_certainty_by_chance(severity, chance, urgency, certainty):
    (english, _) = shaking_infos(ILLAPEL, [band(place(chance=chance), severity=severity)], frame(), None)
    assert (english.urgency, english.certainty) == (urgency, certainty)
    assert english.onset == ILLAPEL.time


def test_facts_for_programs_by_hand():
    (english, *_, sea, _) = shaking_infos(ILLAPEL, [band()], frame(), SEA)
    assert dict(english.parameters) == {
        "houfeng:magnitude": "8.3 Mw",
        "houfeng:origin": "2015-09-16T22:54:32Z",
        "houfeng:epicentre": "-31.573,-71.674",
        "houfeng:depth-km": "22.4",
        "houfeng:tsunami": "possible, not modelled",
        "houfeng:rule": "strong shaking",
        "houfeng:mmi": "6",
        "houfeng:chances": "0.6000 0.5500",
        "houfeng:expected-false": "0.90",
        "houfeng:expected-missed": "0.40",
    }
    assert sea.areas[0].circles == (Circle(-71.674, -31.573, 300.0),)
    alone = replace(band(), ranges="one", expected_false=Estimate(0.9, 0, 2, 1.0))
    (english, _) = shaking_infos(ILLAPEL, [alone], frame(), None)
    assert "Coquimbo: 60 %" in english.description and "54 %" not in english.description
    assert "houfeng:tsunami" not in dict(english.parameters)
