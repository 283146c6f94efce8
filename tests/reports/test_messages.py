"""One catalogue of words, whole in both languages."""

import re
import string
from pathlib import Path

import pytest

import houfeng.reports
from houfeng.errors import UnknownNameError
from houfeng.models.registry import model_names
from houfeng.reports.messages import LANGUAGES, Notice, catalogue, message
from houfeng.reports.notes import note_in_both
from houfeng.values import STATES

FOLDER = Path(houfeng.reports.__file__).parent
CHINESE = re.compile(r"[一-鿿]")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", sorted(catalogue()))
def test_every_message_is_there_in_both_languages_with_the_same_fields(key):
    texts = catalogue()[key]
    assert set(texts) == set(LANGUAGES)
    assert all(text.strip() for text in texts.values())
    assert fields(texts["en"]) == fields(texts["zh"])
    if key != "switch":  # which names the other language
        assert not CHINESE.search(texts["en"]) and CHINESE.search(texts["zh"])


def test_the_word_today_is_never_used():
    for texts in catalogue().values():
        assert not re.search(r"\btoday\b", texts["en"], re.IGNORECASE)
        assert not re.search("今天|今日", texts["zh"])


def test_every_message_is_used_and_every_used_one_exists():
    """Keys appear literally in code and templates, or are made from a known word and a prefix."""
    page = FOLDER.parent / "web"
    sources = [*FOLDER.parent.rglob("*.py"), *FOLDER.rglob("*.j2"), *page.glob("*.js"), *page.glob("*.html")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    made = {f"state_{state}" for state in STATES}
    made |= {f"about_{name.replace('-', '_')}" for name in model_names()}
    made |= {f"horizon_{name}" for name in ("hour", "day", "week", "month", "year")}
    made |= {f"{place}_{kind}" for place in ("headline", "card") for kind in ("chance", "count")}
    made |= {f"page_state_{state}" for state in ("running", "interrupted", "done", "failed")}
    made |= {"mc_method_maximum_curvature", "mc_method_b_stability"}
    unused = {
        key
        for key in catalogue()
        if key not in made and not key.startswith("note_") and not re.search(rf"""["']{key}["']""", text)
    }
    assert not unused
    asked = set(re.findall(r"""\b(?:t|t_plain|both)\(\s*["'](\w+)["'](?! ~)""", text))
    assert made | asked <= set(catalogue())


def test_a_message_takes_its_values():
    assert message("span_hours", "en", n=3) == "3 h"
    assert message("span_hours", "zh", n=3) == "3 小时"


@pytest.mark.parametrize(("key", "language"), [("span_hour", "en"), ("span_hours", "fr")])
def test_an_unknown_message_or_language_is_told(key, language):
    with pytest.raises(UnknownNameError, match="unknown (message|language)"):
        message(key, language, n=1)


def test_a_notice_speaks_both_languages_and_keeps_its_values():
    notice = Notice("warning_data_end", {"data_end": "2025-11-09 23:44", "days": 12.34})
    written = notice.as_json()
    assert written["values"] == {"data_end": "2025-11-09 23:44", "days": 12.34}
    assert "12.3 days" in written["en"] and "12.3 天" in written["zh"]
    assert notice.text() == written["en"]


@pytest.mark.parametrize(
    "note",
    [
        "One earthquake triggers 0.39 within a year on average.",
        "The model knows no place: the map is smoothed from the past, weighted by what each event contributes.",
        "No taper of the Omori law identified, plain Omori used.",
        "No taper of the Omori law identified, plain Omori used; a taper time above 2,700 days is not excluded.",
        "The Omori exponent is at or below 1: the number of aftershocks depends on the horizon.",
        "2500 catalogues simulated, of about 1,200 earthquakes each.",
        "3 of 2500 simulated catalogues were cut short at the limit of events.",
        "Too few past events to choose the smoothing: 5 neighbours taken.",
        "The window is longer than a year: etas is answered by the long-term average.",
    ],
)
def test_notes_are_said_in_chinese_with_their_numbers(note):
    said = note_in_both(note)
    assert said["en"] == note and CHINESE.search(said["zh"])
    assert set(re.findall(r"[\d,.]*\d", said["zh"])) >= set(re.findall(r"\d[\d,]*\.?\d+", note))


def test_what_models_say_is_said_in_chinese():
    said = note_in_both("The rate is the same everywhere and always: a baseline, not a best estimate.")
    assert said["en"].startswith("The rate") and CHINESE.search(said["zh"])
    numbers = note_in_both(
        "Past events are spread to their neighbour no. 8, 0.1 % evenly: the choice that would have placed the last "
        "quarter of them best."
    )
    assert "第 8 个近邻" in numbers["zh"] and "0.1%" in numbers["zh"]


def test_a_sentence_nobody_translated_stays_as_it_is():
    assert note_in_both("Something new.") == {"en": "Something new.", "zh": "Something new."}
