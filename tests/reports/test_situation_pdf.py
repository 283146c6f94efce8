"""The page: one A4 sheet whatever is in it, the same bytes twice, no text read as markup."""

import copy
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.reports.messages import LANGUAGES
from houfeng.reports.situation_pdf import FITS, Code, situation_pdf, typst_string
from tests.reports.test_situation import DOCUMENT, about, both

#: What Typst reads as markup or code, Chinese, quotes, escapes, invisible and rare characters.
NASTY = "#*_`$<>@[]{}()\\\"'~=-+/;%&|:.\n\t\u200b\u202e\u2028\x00 #panic() 中文“引号”·—…é≥😀"
TEXTS = st.text(st.sampled_from(NASTY) | st.characters(codec="utf-8"), max_size=60)


def pages_of(pdf: bytes) -> int:
    """Pages of a PDF whose page tree is not compressed, as ours is not."""
    assert pdf.startswith(b"%PDF-")
    kinds = re.findall(rb"/Type\s*/Page\b", pdf)
    (number,) = re.findall(rb"/Type\s*/Pages\b[^>]*?/Count (\d+)", pdf)
    assert len(kinds) == int(number)
    return int(number)


def size_of(pdf: bytes) -> tuple[float, float]:
    box = re.search(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    return float(box[1]), float(box[2])


@pytest.fixture
def document() -> dict:
    return copy.deepcopy(DOCUMENT)


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_page_of_a4_with_our_fonts_alone(document, png, language):
    pdf = situation_pdf(document, {"map": png}, language)
    assert pages_of(pdf) == 1
    assert size_of(pdf) == pytest.approx((595.28, 841.89), abs=0.01)
    fonts = set(re.findall(rb"/FontName\s*/[A-Z]{6}\+([\w-]+)", pdf))
    assert fonts == {b"NotoSansSC-Regular", b"NotoSansSC-Bold"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_bytes_twice_and_others_for_another_document(document, png, language):
    first = situation_pdf(document, {"map": png}, language)
    assert situation_pdf(copy.deepcopy(document), {"map": png}, language) == first
    document["losses"]["deaths"] = about(99, 50, 200)
    assert situation_pdf(document, {"map": png}, language) != first


def test_the_date_is_that_of_the_report(document):
    assert b"D:20150916230432" in situation_pdf(document, {}, "en")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("section", sorted(set(DOCUMENT) - {"state"}))
def test_a_missing_section_leaves_a_page(document, section, language):
    document[section] = None
    assert pages_of(situation_pdf(document, {}, language)) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_but_a_state_is_still_a_page(language):
    assert pages_of(situation_pdf({"state": "draft"}, {}, language)) == 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("times", [3, 30])
def test_far_too_much_still_fits_on_one_page(document, png, language, times):
    long = both(
        "A very long sentence about what should be done by whom. " * times, "应当由谁做什么事情的长句子。" * times
    )
    for key in ("actions", "needs", "forecast"):
        document[key] = [document[key][0] | {"words": long} for _ in range(50)]
    for key in ("unknown", "sources", "simulated"):
        document[key] = [long] * 40
    document["zones"] = document["zones"] * 20
    document |= {"place": long, "authority": "authority " * times, "tsunami": {"banner": long}, "drill": True}
    document["earthquake"]["names"] = long
    assert pages_of(situation_pdf(document, {"map": png}, language)) == 1


def test_less_is_said_and_smaller_from_one_try_to_the_next():
    for (room, size, height), (tighter, smaller, lower) in zip(FITS, FITS[1:], strict=False):
        assert tighter.zones <= room.zones and tighter.characters <= room.characters
        assert smaller < size and lower < height
    assert FITS[-1][1] >= 6.0, "print smaller than this cannot be read"


def test_a_picture_that_is_none_is_refused(document):
    with pytest.raises(InputError, match="not a PNG"):
        situation_pdf(document, {"map": b"<svg/>"}, "en")


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_a_string_of_typst_says_what_it_was_given(text):
    """Typst itself reads the literal back; what cannot be printed has become a space."""
    import typst

    source = f"#metadata({typst_string(text)}) <x>"
    read = json.loads(typst.query(source.encode(), "<x>", field="value", one=True))
    assert read == "".join(c if c.isprintable() else " " for c in text)


@given(TEXTS, TEXTS)
@settings(max_examples=15, deadline=None)
def test_texts_of_any_kind_stand_on_the_page(first, second):
    document = copy.deepcopy(DOCUMENT)
    texts = both(first, second)
    document |= {"place": texts, "authority": first, "label": texts, "tsunami": {"banner": texts}}
    document |= {"simulated": [texts], "unknown": [texts], "sources": [texts], "state": "approved"}
    document["earthquake"] |= {"names": texts, "event_id": second, "magnitude_type": first}
    document["zones"][0]["name"] = first
    document["actions"] = [{"words": texts, "who": texts}]
    document["needs"][0] |= {"words": texts, "unit": texts}
    for language in LANGUAGES:
        assert pages_of(situation_pdf(document, {}, language)) == 1


def test_code_of_our_own_is_left_alone():
    assert typst_string(Code("8pt")) == "8pt" and typst_string(8) == '"8"'
    assert typst_string("lone \ud800 half") == '"lone   half"'
