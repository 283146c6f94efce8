"""The chain in the page of a run: whole in both languages, linked only to what is there, never without its marks."""

import copy
import io
import json
import re
import string
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from matplotlib.figure import Figure

import houfeng.reports
from houfeng.errors import InputError, UnknownNameError
from houfeng.operations import outputs, replay
from houfeng.reports.chain_page import LEVELS, PICTURES, ChainFolder, chain_page, small_picture
from houfeng.reports.chain_words import chain_words, tell
from houfeng.reports.report import render_report

LANGUAGES = ("en", "zh")
CHINESE = re.compile("[一-鿿]")
NAMES = ("alert.html", "alert.xml", "damage.json", "plan.json", "situation-en.pdf", "situation-zh.pdf", "odd.bin")


class Page(HTMLParser):
    """Checks that tags close in order; gathers attributes, pictures, and the text of each language."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open, self.images, self.attributes, self.text = [], [], [], {"": "", "en": "", "zh-Hans": ""}
        self.feed(html)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag == "img":
            self.images.append(dict(attrs))
        if tag not in ("meta", "img", "br"):
            self.open.append((tag, dict(attrs).get("lang") if tag == "span" else None))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1][0] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data):
        if not any(tag in ("script", "style") for tag, _ in self.open):
            self.text[next((lang for _, lang in reversed(self.open) if lang), "")] += data


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def est(value, low, high) -> dict:
    return {"value": value, "low": low, "high": high, "level": 0.9}


def words(en: str, zh: str) -> dict:
    return {"en": en, "zh": zh}


def zone(name: str, severe: float) -> dict:
    return {
        "name": name,
        "longitude": -71.34,
        "latitude": -29.99,
        "population": 4815,
        "severe": est(severe, 0.0, 340.0),
        "displaced": est(127.2, 0.002, 562.9),
        "trapped": est(2.5, 0.0, 18.2),
        "observed": False,
    }


def shaking(chance: float) -> dict:
    levels = [{"mmi": 6.0, "roman": "VI", "probability": est(chance, chance / 10, min(1.0, 3 * chance))},
              {"mmi": 7.0, "roman": "VII", "probability": est(chance / 3, chance / 30, chance)}]  # fmt: skip
    towns = [words("La Serena", "拉塞雷纳"), words("Illapel", "伊亚佩尔"), words("<Santiago>", "圣地亚哥")]
    return {
        "start": "2015-09-16T00:00:00Z",
        "days": 7.0,
        "model": "etas",
        "places": [{"names": t, "longitude": -71.2, "latitude": -29.9, "chances": levels} for t in towns],
        "notes": ["Earthquakes below magnitude 4.6, the smallest of the forecast, are neglected."],
        "advice": [{**words("close school 1: worth it above 1.3 %", "停课：高于1.3 %时值得"), "verdict": "act",
                    "simulated": True}],
    }  # fmt: skip


@pytest.fixture
def chained(document) -> dict:
    """The document of a run with a chain."""
    document["forecasts"][0]["shaking"] = shaking(0.0047)
    document["forecasts"][1]["shaking"] = shaking(0.19)
    deaths, loss = est(66.16, 0.0, 265.6), est(551.6e6, 8.753e6, 1.904e9)
    situation = {
        "state": "draft",
        "authority": "",
        "label": "PSEUDO-PROSPECTIVE (final catalogue)",
        "drill": True,
        "simulated": [words("buildings", "建筑")],
        "issued": "2015-09-16T23:04:32Z",
        "minutes_after": 10,
        "place": words("Coquimbo & La Serena", "科金博—拉塞雷纳"),
        "earthquake": {"event_id": "us<1>", "time": "2015-09-16T22:54:32Z", "magnitude": 8.3, "magnitude_type": "Mww",
                       "depth_km": 22.4, "longitude": -71.67, "latitude": -31.57,
                       "names": words("Illapel", "伊亚佩尔")},
        "tsunami": {"banner": words("TSUNAMI POSSIBLE. Follow SHOA.", "可能发生海啸。请遵循SHOA发布的信息。")},
        "shaking": {"mmi": est(6.294, 4.889, 7.521), "pga_g": est(0.2137, 0.057, 0.4282), "stations": 0},
        "forecast": [{"words": words("Said before: MMI VI or more", "震前预测：烈度VI度及以上"),
                      "probability": est(0.0047, 0.00053, 0.013)}],
        "losses": {"deaths": deaths, "injured": est(1060.0, 7.85, 4145.0), "trapped": est(173.1, 0.0, 856.1),
                   "displaced": est(9942.0, 24.0, 43330.0), "light": est(22590.0, 1413.0, 42530.0),
                   "moderate": est(14650.0, 329.0, 46960.0), "severe": est(7018.0, 60.0, 26050.0), "loss_usd": loss},
        "zones": [],
        "needs": [{"words": words("safe water", "饮用水"), "unit": words("litres a day", "升／日"),
                   "amount": est(149100.0, 0.7, 734500.0)}],
        "roads": {"closed": est(20.4, 14.0, 28.0), "km_closed": est(3.109, 1.526, 5.486),
                  "unreachable_people": est(2648.0, 2648.0, 2648.0), "hospital_minutes": [15.0, 30.0],
                  "people_before": [433118, 446085], "people_after": [430470, 443437]},
        "actions": [{"words": words(f"Do <{i}>", f"做<{i}>"), "who": words("rescue", "救援队")} for i in range(6)],
        "unknown": [words("Nothing has been observed.", "尚无任何实地观测。")],
        "sources": [words("Earthquake: USGS", "地震参数：美国地质调查局")],
    }  # fmt: skip
    document["chain"] = {
        "situation": situation,
        "zones": [zone(str(32 + i), 87.0 - i) for i in range(14)],
        "warned": {"strong shaking": ["La Serena"], "severe shaking": ["Illapel"], "very strong shaking": []},
        "alert": "houfeng-1",
        "messages": {"en": ["SIMULATED"], "zh": ["模拟"]},
        "pager": {"deaths": {"colour": "yellow", "estimate": est(1.057, 0.093, 12.02)},
                  "losses": {"colour": "green", "estimate": est(348300.0, 15260.0, 655500.0)}},
        "rescue": {"sites": 47, "waiting": 35, "left_out": 51, "trapped": est(119.4, 0.0, 585.0),
                   "survivors": est(63.5, 0.0, 310.6)},
        "seconds": {"warning": 0.09, "assessment": 3.21, "response": 1.7},
    }  # fmt: skip
    return document


@pytest.fixture
def folder() -> ChainFolder:
    classes = {"intact": words("basically intact", "基本完好"), "destroyed": words("destroyed", "毁坏")}
    return ChainFolder(
        "chain",
        NAMES,
        damage={"scales": {"gbt24335": classes},
                "buildings": {"gbt24335": {"intact": est(95559.0, 24523.0, 133530.0),
                                           "destroyed": est(1866.5, 3.0, 9248.6)}}},
        plan={"facilities": [{"kind": "hospital", "missing": est(6.0, 0.0, 1000.0)}],
              "evacuations": [{"missing": est(0.0, 0.0, 0.0)}],
              "supplies": [{"item": "water", "shortage": est(2366.0, 0.0, 434512.0)}]},
    )  # fmt: skip


@pytest.fixture
def drawn(pictures, png) -> dict[str, bytes]:
    return pictures | {f"chain {name} {language}": png for name in PICTURES for language in LANGUAGES}


@pytest.fixture
def html(chained, drawn, folder) -> str:
    return render_report(chained, drawn, folder)


def section(html: str, name: str) -> str:
    (found,) = re.findall(rf'<section class="chain" id="{name}">.*?</section>', html, re.DOTALL)
    return found


def words_of(text: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


# --- the words


@pytest.mark.parametrize("key", sorted(chain_words()))
def test_every_message_is_there_in_both_languages_with_the_same_fields(key):
    texts = chain_words()[key]
    assert set(texts) == set(LANGUAGES) and all(text.strip() for text in texts.values())
    assert fields(texts["en"]) == fields(texts["zh"])
    assert not CHINESE.search(texts["en"]) and CHINESE.search(texts["zh"])


def test_every_message_is_said_and_what_is_said_exists():
    room = Path(houfeng.reports.__file__).parent
    text = "\n".join((room / name).read_text(encoding="utf-8") for name in ("chain_page.py", "templates/chain.html.j2"))
    made = {f"colour_{colour}" for colour in ("green", "yellow", "orange", "red")}
    made |= {f"missing_{kind}" for kind in ("hospital", "water")}
    made |= {f"rescue_{key}" for key in ("trapped", "survivors")}
    assert not {key for key in chain_words() if key not in made and f'"{key}"' not in text}
    assert made | set(re.findall(r'\btell\("(\w+)"[,)]', text)) <= set(chain_words())


def test_a_message_takes_values_in_its_own_language_and_refuses_unknown_keys():
    assert tell("zone", name=words("a", "甲")) == {"en": "zone a", "zh": "片区甲"}
    with pytest.raises(UnknownNameError, match="message of the chain"):
        tell("zoning")


# --- a run without a chain


def test_a_run_without_a_chain_is_as_it_was(document, pictures):
    assert chain_page(document, ChainFolder()) is None
    html = render_report(document, pictures)
    assert "chain-top" not in html.split("</style>")[1] and 'id="chain' not in html
    assert html == render_report(document | {"chain": None}, pictures)


def test_old_files_of_a_chain_are_not_linked_by_a_run_without_one(document, pictures, folder):
    assert "href" not in render_report(document, pictures, folder).split("</style>")[1]


# --- the page


def test_the_page_is_well_formed_and_has_both_languages_everywhere(html):
    page = Page(html)
    assert all(image.get("alt") for image in page.images)
    body = html.split("</style>")[1]
    assert len(re.findall(r'class="en" lang="en"', body)) == len(re.findall(r'class="zh" lang="zh-Hans"', body))
    english = page.text["en"].replace("中文", "")
    assert not CHINESE.search(english)


def test_nothing_is_fetched_and_links_stay_beside_the_page(html):
    for tag, name, value in Page(html).attributes:
        assert name not in ("srcset", "action", "background", "poster"), (tag, name)
        if name == "src":
            assert value.startswith("data:image/png;base64,")
        if name == "href":
            assert tag == "a" and re.fullmatch(r"chain/[\w.-]+|#chain-\w+", value)
    assert not re.search(r"https?://|@import|url\(|<link|<iframe", html)


def test_every_jump_has_its_place_and_every_link_its_file(html):
    targets = re.findall(r'href="#([\w-]+)"', html)
    assert len(set(targets)) == 8 and all(f'id="{target}"' in html for target in targets)
    assert set(re.findall(r'href="chain/([^"]+)"', html)) == set(NAMES)


def test_without_its_folder_the_page_has_words_but_no_dead_links(chained, pictures):
    html = render_report(chained, pictures)
    assert 'href="chain/' not in html and 'class="map"' not in html
    assert "TSUNAMI POSSIBLE" in html and "GB/T 24335" not in html
    Page(html)


def test_the_three_things_stand_before_everything_else(html):
    top = html[html.index('<section class="chain-top"') : html.index("What was the chance of it")]
    assert html.index("chain-top", html.index("</style>")) < html.index("<h2>", html.index("<h1>"))
    for said in ("Stay off the coast", "TSUNAMI POSSIBLE", "Where it is worst", "What to do first", "SIMULATED",
                 "EXERCISE", "DRAFT", "远离海岸", "哪里最严重", "首先做什么", "模拟数据", "演练"):  # fmt: skip
        assert said in top, said
    assert "chain/situation-en.pdf" in top and "chain/situation-zh.pdf" in top
    assert top.count("<li>") == 3 + 4  # zones, actions
    assert "Severe shaking (MMI VIII or more) likely: Illapel" in top


def test_the_marks_stand_at_both_beginnings(html):
    assert len(re.findall(r'<div class="band red" role="note">', html)) == 2


@pytest.mark.parametrize("name", ["chain-damage", "chain-needs", "chain-response"])
def test_what_is_simulated_says_so_in_its_own_heading(html, name):
    heading = re.search(r"<h2>.*?</h2>", section(html, name), re.DOTALL)[0]
    assert "SIMULATED" in heading and "模拟" in heading


def test_each_forecast_has_its_table_of_chances_with_ranges(html):
    chance = section(html, "chain-chance")
    assert chance.count('<table class="towns">') == 2
    assert chance.count('<small class="range">') == 2 * 3 * 2
    assert "MMI ≥ VII, %" in chance and "烈度 ≥ VI，%" in chance
    assert "<b>0.47</b>" in chance and "(0.047 to 1.4)" in chance
    assert "worth it above 1.3 %" in chance and 'class="act"' in chance
    assert "预测的最小震级为 4.6" in chance
    assert "a low chance is no all-clear" in chance


def test_a_high_chance_beforehand_is_not_called_low(chained, drawn, folder):
    chained["forecasts"][0]["shaking"] = shaking(0.19)
    assert "a low chance is no all-clear" not in render_report(chained, drawn, folder)


def test_levels_come_worst_first_with_towns_in_both_languages(html):
    warning = section(html, "chain-warning")
    assert warning.index("Severe shaking") < warning.index("Strong shaking")
    assert "Very strong" not in warning, "nobody is warned at that level"
    assert "伊亚佩尔" in warning and "拉塞雷纳" in warning
    assert "Not warned" in warning and "&lt;Santiago&gt;" in warning
    assert "approved by nobody, sent to nobody" in warning and "未发送给任何人" in warning
    assert "chain/alert.html" in warning and "chain/alert.xml" in warning


def test_the_named_levels_are_those_of_the_usual_rules():
    from houfeng.warning import Rules

    assert [rule.name for rule in sorted(Rules().intensity, key=lambda rule: -rule.mmi)] == list(LEVELS)


def test_an_unknown_level_comes_last_under_its_own_name(chained):
    chained["chain"]["warned"]["<mine>"] = ["Elsewhere"]
    page = chain_page(chained, ChainFolder())
    assert page["warned"][-1] == {"level": words("<mine>", "<mine>"), "towns": [words("Elsewhere", "Elsewhere")]}


def test_where_nobody_is_warned_that_is_said(chained, drawn, folder):
    chained["chain"] |= {"warned": {}, "alert": None}
    warning = section(render_report(chained, drawn, folder), "chain-warning")
    assert "Nobody is warned" in warning and "alert.html" not in warning


@pytest.mark.parametrize(("state", "drill", "said"), [
    ("draft", True, "a draft of an exercise"),
    ("draft", False, "The message is a draft: approved by nobody"),
    ("approved", False, "APPROVED by CEA"),
])  # fmt: skip
def test_the_standing_of_the_message_is_said(chained, drawn, folder, state, drill, said):
    chained["chain"]["situation"] |= {"state": state, "drill": drill, "authority": "CEA"}
    assert said in section(render_report(chained, drawn, folder), "chain-warning")


def test_damage_has_three_degrees_five_classes_and_both_methods(html):
    damage = section(html, "chain-damage")
    text = words_of(damage)
    for said in ("7,000 (60 to 26,000)", "66 (0 to 270)", "550 million", "5.5 亿", "basically intact", "毁坏",
                 "Two methods disagree", "factor of about 63", "factor of about 1,600", "1 (<1 to 12)",
                 "alert yellow", "警报级别：黄色", "not observed", "未观察", "29.99°S 71.34°W",
                 "The first 10 of 14 zones"):  # fmt: skip
        assert said in text, said
    assert damage.count("not observed") == 10


def test_methods_that_agree_are_not_said_to_disagree(chained, drawn, folder):
    losses = chained["chain"]["situation"]["losses"]
    chained["chain"]["pager"]["deaths"]["estimate"] = losses["deaths"]
    chained["chain"]["pager"]["losses"]["estimate"] = losses["loss_usd"]
    damage = section(render_report(chained, drawn, folder), "chain-damage")
    assert "disagree" not in damage and "Two methods" in damage


def test_no_deaths_at_all_make_no_factor(chained):
    chained["chain"]["pager"]["deaths"]["estimate"] = est(0.0, 0.0, 0.0)
    assert [said["en"] for said in chain_page(chained, ChainFolder())["pager"]["times"]] == [
        "On losses they differ by a factor of about 1,600."
    ]


def test_the_response_says_what_is_done_what_is_left_and_who_is_cut_off(html):
    text = words_of(section(html, "chain-response"))
    for said in ("64 (0 to 310)", "Sites in the coastal strip that wait for the all-clear", "35", "51",
                 "6 (0 to 1,000)", "2,400 (0 to 430,000)", "20 (14 to 28)", "433,000 430,000", "2,600",
                 "within 15 min", "30分钟内"):  # fmt: skip
        assert said in text, said
    assert "2,600 (2,600" not in text, "one set of closed roads has no range"
    assert "People without shelter" not in text, "what is missing to nobody is not listed"


def test_no_number_of_the_chain_has_more_than_three_digits_that_count(html):
    body = html[html.index('<section class="chain" id="chain">') : html.index('id="chain-unknown"')]
    bold = re.findall(r"<b>(?:<span[^>]*>)?([\d,.]+)", body)
    assert len(bold) > 40
    for number in bold:
        assert len(number.replace(",", "").replace(".", "").strip("0")) <= 3, number


def test_every_picture_is_there_in_both_languages_and_hidden_by_the_switch(html, drawn):
    page = Page(html)
    maps = [image for image in page.images if image.get("class") in LANGUAGES]
    assert [image["class"] for image in maps] == ["en", "zh"] * 3
    assert all(bool(CHINESE.search(image["alt"])) == (image["class"] == "zh") for image in maps)
    assert re.search(r'\[data-lang="en"\] \.zh, html\[data-lang="zh"\] \.en \{ display: none', html)


def test_a_map_in_one_language_only_is_not_shown(chained, drawn, folder):
    del drawn["chain city zh"]
    html = render_report(chained, drawn, folder)
    assert len(re.findall(r'<figure class="map">', html)) == 2
    Page(html)


def test_what_the_data_say_cannot_become_markup(html):
    assert "Do &lt;0&gt;" in html and "us&lt;1&gt;" in html and "Coquimbo &amp; La Serena" in html
    assert not re.search(r"<Santiago>|Do <0>|us<1>", html)


def test_no_tsunami_is_said_as_such(chained, drawn, folder):
    chained["chain"]["situation"]["tsunami"] = {"banner": None}
    html = render_report(chained, drawn, folder)
    assert "no tsunami banner" in html and "Stay off the coast" not in html
    chained["chain"]["situation"]["tsunami"] = None
    assert "Ask your national tsunami warning centre" in render_report(chained, drawn, folder)


@pytest.mark.parametrize("gone", ["losses", "roads", "shaking", "needs", "actions", "unknown", "sources", "forecast",
                                  "earthquake", "simulated"])  # fmt: skip
def test_a_section_that_is_missing_leaves_the_rest_standing(chained, drawn, folder, gone):
    del chained["chain"]["situation"][gone]
    html = render_report(chained, drawn, folder)
    Page(html)
    assert "TSUNAMI POSSIBLE" in html and 'id="chain-files"' in html


def test_forecasts_without_shaking_have_no_table(chained, drawn, folder):
    for part in chained["forecasts"]:
        del part["shaking"]
    chance = section(render_report(chained, drawn, folder), "chain-chance")
    assert "<table" not in chance


def test_a_reversed_range_is_refused_by_name(chained):
    chained["chain"]["rescue"]["survivors"] = est(5.0, 9.0, 1.0)
    with pytest.raises(InputError, match="rescue.survivors.*reversed"):
        chain_page(chained, ChainFolder())


def test_the_page_does_not_change_the_document(chained, drawn, folder):
    before = copy.deepcopy(chained)
    render_report(chained, drawn, folder)
    assert chained == before


def test_the_word_today_is_never_used(html):
    text = Page(html).text
    assert not re.search(r"\btoday\b", " ".join(text.values()), re.IGNORECASE)
    assert not re.search("今天|今日", text["zh-Hans"])


# --- the folder and its pictures


def test_a_small_picture_is_the_same_picture_with_fewer_bytes():
    from PIL import Image

    figure = Figure(figsize=(4, 4))
    axes = figure.subplots()
    axes.plot([0, 1, 0.5], [0, 1, 0.2], color="#b3261e", linewidth=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    small = small_picture(buffer.getvalue())
    assert len(small) < len(buffer.getvalue())
    with Image.open(io.BytesIO(small)) as after, Image.open(io.BytesIO(buffer.getvalue())) as before:
        assert after.size == before.size and after.mode == "P"
        ours, theirs = (picture.convert("RGB").tobytes() for picture in (after, before))
    assert sum(abs(a - b) for a, b in zip(ours, theirs, strict=True)) / len(ours) < 2.0  # of 255; white is 254


def test_a_picture_never_grows(png):
    assert len(small_picture(png)) <= len(png)


def test_the_folder_is_read_as_it_is(tmp_path):
    assert outputs.chain_folder(tmp_path / "chain") == ChainFolder("chain")
    chain = tmp_path / "chain"
    chain.mkdir()
    (chain / "plan.json").write_text(json.dumps({"supplies": []}), encoding="utf-8")
    (chain / "alert.html").write_text("x", encoding="utf-8")
    (chain / ".alert.html.1.part").write_text("x", encoding="utf-8")
    assert outputs.chain_folder(chain) == ChainFolder("chain", ("alert.html", "plan.json"), plan={"supplies": []})


def test_the_page_looks_where_the_chain_writes():
    assert outputs.CHAIN == replay.FOLDER
