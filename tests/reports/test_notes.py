"""What models say of themselves, found again by its template: every note, with any values, in both languages."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.reports.messages import LANGUAGES, catalogue, message
from houfeng.reports.notes import note_in_both

NOTES = sorted(key for key in catalogue() if key.startswith("note_"))

#: What stands in notes: numbers with signs and thousands, names of models, moments.
VALUES = st.sampled_from(
    ["1", "0.05", "-1.2", "12,345", "1e-05", "etas", "reasenberg-jones", "8.3", "2015-09-16 22:54"]
)


def fields_of(key: str) -> list[str]:
    return re.findall(r"\{(\w+)\}", catalogue()[key]["en"])


@pytest.mark.parametrize("key", NOTES)
def test_the_template_stands_in_both_languages_without_formats(key):
    """A field with a format (``{n:.2f}``) could not be found again in a sentence."""
    for language in LANGUAGES:
        text = catalogue()[key][language]
        assert set(re.findall(r"\{(\w+)\}", text)) == set(fields_of(key))
        assert text.count("{") == len(re.findall(r"\{\w+\}", text))


@pytest.mark.parametrize("key", NOTES)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_note_with_any_values_is_said_again_in_chinese_with_the_same(key, data):
    values = {name: data.draw(VALUES, name) for name in fields_of(key)}
    said = message(key, "en", **values)
    found = note_in_both(said)
    assert found["en"] == said
    assert found["zh"] == message(key, "zh", **values)


@pytest.mark.parametrize("key", NOTES)
def test_no_note_is_taken_for_another(key):
    """Of two templates that both fit, the first would win, whatever was meant."""
    values = {name: f"value{i}" for i, name in enumerate(fields_of(key))}
    said = message(key, "en", **values)
    fits = []
    for other in NOTES:
        pattern = re.escape(catalogue()[other]["en"])
        pattern = re.sub(r"\\\{\w+\\\}", ".+?", pattern)
        if re.fullmatch(pattern, said):
            fits.append(other)
    assert fits == [key]


@given(st.text(max_size=60))
def test_what_nobody_translated_stays_as_it_is_in_both(text):
    found = note_in_both(text)
    assert set(found) == set(LANGUAGES) and found["en"] == text
    if found["zh"] != text:  # it happens to be a note
        assert any(re.match(re.escape(catalogue()[key]["en"].split("{")[0]), text) for key in NOTES)
