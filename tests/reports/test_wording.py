"""Numbers as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.reports import wording


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.0, "<0.0001 %"),
        (1e-9, "<0.0001 %"),
        (3.4e-6, "0.00034 %"),
        (0.00067, "0.067 %"),
        (0.0123, "1.2 %"),
        (0.0999, "10.0 %"),
        (0.5, "50.0 %"),
        (0.9989, "99.9 %"),
        (0.9995, ">99.9 %"),
        (1.0, ">99.9 %"),
    ],
)
def test_a_probability_is_never_nought_or_a_hundred(probability, text):
    assert wording.percent(probability) == text


@given(st.floats(0, 1))
def test_every_probability_is_said_within_a_tenth_of_itself(probability):
    text = wording.percent(probability)
    assert text.endswith(" %")
    if text[0] not in "<>":
        assert float(text[:-2]) == pytest.approx(100 * probability, rel=0.06)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (6.8e-5, "6.8×10⁻⁵"),
        (0.00068, "0.00068"),
        (0.21, "0.21"),
        (1.476, "1.48"),
        (25.94, "25.9"),
        (148.2, "148"),
        (None, "∞"),
    ],
)
def test_expected_numbers(value, text):
    assert wording.count(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.735, "×0.73"), (1.04, "×1.0"), (21.4, "×21"), (1234.0, "×1,200"), (None, "—")]
)
def test_ratios(value, text):
    assert wording.ratio(value) == text


@pytest.mark.parametrize(
    ("days", "en", "zh"),
    [
        (0, "0 min", "0 分钟"),
        (1 / 24, "60 min", "60 分钟"),
        (0.955, "23 h", "23 小时"),
        (7, "7 days", "7 天"),
        (400, "400 days", "400 天"),
        (3652.5, "10 years", "10 年"),
    ],
)
def test_durations(days, en, zh):
    assert wording.duration(days) == {"en": en, "zh": zh}


def test_horizons_have_words_and_unknown_ones_keep_their_name():
    assert wording.horizon("week") == {"en": "the next week", "zh": "未来 1 周"}
    assert wording.horizon("36h") == {"en": "the next 36h", "zh": "未来 36h"}


@pytest.mark.parametrize(
    ("probability", "n"), [(0.0213, "47"), (0.001, "1,000"), (1.23e-5, "81,000"), (0.0999, "10"), (2e-7, "5,000,000")]
)
def test_small_chances_are_one_in_so_many(probability, n):
    assert wording.one_in(probability) == {"en": f"about 1 in {n}", "zh": f"约 {n} 分之一"}


@pytest.mark.parametrize("probability", [0.0, 1e-8, 0.1, 0.5, 1.0])
def test_larger_chances_are_percentages_and_the_tiniest_have_no_number(probability):
    assert wording.one_in(probability) is None


def test_places_have_hemispheres():
    assert wording.place(-71.6744, -31.5729) == "31.57°S 71.67°W"
    assert wording.place(139.7, 35.7) == "35.70°N 139.70°E"


def test_scores_have_a_true_minus_and_open_ends_say_so():
    assert wording.signed(-0.5) == "−0.50" and wording.signed(1.234) == "+1.23" and wording.signed(None) == "−∞"
    assert wording.parameter_range(None, None) == "−∞ … ∞"
    assert wording.parameter_range(1.0, 1.0) == "—"
    assert wording.span_of_counts(0, None) == "0–∞"
