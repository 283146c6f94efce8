"""The page: whole, offline, in both languages, never without its notice."""

import re
from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError

from houfeng.reports.report import render_report
from houfeng.values import LEGAL_NOTICE, legal_notice

VOID = {"meta", "img", "br", "hr", "input", "link"}


class Page(HTMLParser):
    """Checks that tags close in order, and gathers what the tests ask for."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open, self.images, self.attributes, self.text = [], [], [], {"": "", "en": "", "zh-Hans": ""}
        self.feed(html)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag == "img":
            self.images.append(attributes)
        if tag not in VOID:
            self.open.append((tag, attributes.get("lang") if tag == "span" else None))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1][0] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data):
        language = next((lang for _, lang in reversed(self.open) if lang), "")
        if not any(tag in ("script", "style") for tag, _ in self.open):
            self.text[language] += data


@pytest.fixture
def html(document, pictures) -> str:
    return render_report(document, pictures)


def test_the_page_is_well_formed(html):
    page = Page(html)
    assert html.startswith("<!DOCTYPE html>")
    assert all(image.get("alt") for image in page.images)
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.images)
    assert len(page.images) == 4


def test_nothing_is_fetched_when_it_is_read(html):
    page = Page(html)
    for tag, name, value in page.attributes:
        assert name not in ("href", "srcset", "action", "background", "poster"), (tag, name)
        if name == "src":
            assert value.startswith("data:")
    assert not re.search(r"https?://", html)
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|<link|<iframe", html)


def test_the_notice_the_state_and_the_label_are_there_in_both_languages(html):
    page = Page(html)
    for language, notice, state, label in (
        ("en", LEGAL_NOTICE["en"], "DRAFT", "PSEUDO-PROSPECTIVE (final catalogue)"),
        ("zh-Hans", LEGAL_NOTICE["zh"], "草稿", "伪前瞻性"),
    ):
        text = page.text[language]
        assert text.count(notice) == 2, "at the top and at the foot"
        assert text.count(state) >= 2 and label in text
        (printed,) = re.findall(r"@bottom-left {.*content: (\".*?\");", html)
        assert notice in printed and state in printed and label in printed, "on every printed page"


def test_every_english_text_has_its_chinese(html):
    assert html.count('class="en" lang="en"') == html.count('class="zh" lang="zh-Hans"') > 100
    english = Page(html).text["en"].replace("中文", "")  # the switch names the other language
    assert not re.search("[一-鿿]", english)


def test_the_page_says_what_it_must(html):
    text = Page(html).text
    for words in (
        "What we do not know",
        "Nobody can predict",
        "tsunami",
        "Information gain per earthquake",
        "2015 Illapel earthquake, replayed",
        "25.0 % are background",
        "One earthquake triggers 0.55 within a year",
        "stability of the b-value",
        "20 minutes",
    ):
        assert words in text["en"], words
    for words in ("我们不知道的", "海啸", "信息增益", "背景地震活动", "完整性震级", "余震", "长期平均", "平均每次地震"):
        assert words in text["zh-Hans"], words


def test_no_number_stands_without_the_long_term_average(html):
    tables = re.findall(r"<thead>.*?</thead>", html, re.DOTALL)
    numbers = [head for head in tables if "Chance of at least one" in head]
    assert len(numbers) == 4  # two moments, two models
    assert all("Long-term average" in head and "What came" in head for head in numbers)
    assert 'class="quiet"' in html  # the baseline's own line of the scoreboard


def test_the_language_can_be_switched_asked_for_and_is_remembered(html):
    for words in ('id="switch"', "localStorage", "location.search", "lang=(en|zh)"):
        assert words in html


def test_what_the_data_say_cannot_become_markup(html):
    assert "A &lt;catalogue&gt; &amp; more" in html and "<catalogue>" not in html


def test_the_word_today_is_never_used(html):
    text = Page(html).text
    assert not re.search(r"\btoday\b", " ".join(text.values()), re.IGNORECASE)
    assert not re.search("今天|今日", text["zh-Hans"])


def test_an_approved_forecast_names_its_authority(document, pictures):
    html = render_report(document | {"state": "approved", "authority": "Some <Office>"}, pictures)
    assert "APPROVED by Some &lt;Office&gt;" in html and "已由Some &lt;Office&gt;批准" in html


def test_no_name_can_break_out_of_the_style_sheet(document, pictures):
    html = render_report(document | {"state": "approved", "authority": 'A"} </style><b>'}, pictures)
    assert html.count("</style>") == 1
    Page(html)


def test_a_warning_of_every_moment_is_said_once_at_the_top(document, pictures):
    warning = {"key": "k", "values": {}, "en": "Mind the gap.", "zh": "请注意。"}
    own = {"key": "k", "values": {}, "en": "Only here.", "zh": "仅此处。"}
    for part in document["forecasts"]:
        part["warnings"] = [warning]
    document["forecasts"][1]["warnings"] = [warning, own]
    text = Page(render_report(document, pictures)).text
    assert text["en"].count("Mind the gap.") == 1 and text["zh-Hans"].count("仅此处。") == 1


def test_windows_that_have_not_run_out_are_marked(document, pictures):
    for part in document["forecasts"]:
        del part["observed"]["horizons"]["week"]
        part["observed"]["checks"] = [c for c in part["observed"]["checks"] if c["horizon"] == "day"]
    text = Page(render_report(document, pictures)).text
    assert "longer windows cannot be checked yet" in text["en"] and "更长的时段尚不能检验" in text["zh-Hans"]


def test_without_anything_to_score_that_is_said(document, pictures):
    text = Page(render_report(document | {"scoreboard": []}, pictures)).text
    assert "Nothing to score" in text["en"] and "无可评分" in text["zh-Hans"]


def test_a_given_completeness_says_who_gave_it(document, pictures):
    document["completeness"]["method"] = None
    assert "as the user asked" in Page(render_report(document, pictures)).text["en"]


def test_a_missing_part_is_an_error_not_a_hole(document, pictures):
    del document["catalog"]["licence"]
    with pytest.raises((UndefinedError, KeyError)):
        render_report(document, pictures)


@pytest.mark.parametrize(("state", "en", "zh"), [
    ("approved", "APPROVED by CEA", "已由CEA批准"),
    ("published", "PUBLISHED by CEA", "已由CEA发布"),
    ("withdrawn", "WITHDRAWN by CEA", "已由CEA撤回"),
])  # fmt: skip
def test_a_report_of_another_standing_says_so_and_nowhere_draft(document, pictures, state, en, zh):
    standing = {"state": state, "authority": "CEA", "legal_notice": legal_notice(state)}
    page = render_report({**document, **standing}, pictures)
    assert page.count(en) >= 3 and page.count(zh) >= 3
    assert legal_notice(state)["en"].split("(")[0].strip() in page and legal_notice(state)["zh"] in page
    assert "DRAFT" not in page and "草稿" not in page
