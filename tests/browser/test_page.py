"""The page as a person sees it: in Chromium, over a real run, with the cable pulled."""

import io
import os
import re
import time
from urllib.parse import urlsplit

import numpy as np
import pytest
from matplotlib.image import imread
from service_samples import EXPERIMENT, FAILED, KILLED, REAL, board, board_model, copy_of_store

from houfeng.reports.messages import message
from houfeng.reports.wording import percent
from houfeng.store import Store, StoreReader

from .conftest import NOWHERE, serving

REAL_PAGE = f"?lang=en&run={REAL}"


def pixels(page, selector: str) -> np.ndarray:
    """What is seen of an element, shape (rows, columns, 3), 0 to 1."""
    return imread(io.BytesIO(page.locator(selector).screenshot()), format="png")[..., :3]


def wait(page, expression: str, seconds: float = 20.0) -> None:
    """Wait until `expression` holds; from outside, since the page's own policy lets no test evaluate text in it."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"never came true: {expression}"
        page.wait_for_timeout(50)


def drawn(page) -> None:
    """Wait until the map has nothing left to draw."""
    wait(page, "globalThis.houfengMap?.loaded() && !houfengMap.isMoving()")


def shown_probability(page) -> float:
    return float(page.get_attribute("#probability", "data-probability"))


def stored(store_folder, *, model: str, days: float, magnitude: float):
    with StoreReader.open(store_folder) as reader:
        (record,) = [
            r for r in reader.forecasts(run=REAL) if r.issue.model == model and r.window.days == pytest.approx(days)
        ]
    return next(line for line in record.counts if line.magnitude == magnitude)


def test_the_card_shows_the_number_of_the_store(visit, store_folder):
    page = visit(REAL_PAGE).page
    magnitude = float(page.input_value("#magnitude"))
    line = stored(store_folder, model="reasenberg-jones", days=7, magnitude=magnitude)
    assert shown_probability(page) == line.probability
    assert page.inner_text("#probability") == percent(line.probability)
    text = page.inner_text("#card")
    usual = stored(store_folder, model="smoothed", days=7, magnitude=magnitude)
    assert percent(usual.probability) in text and "DRAFT" in text and "PSEUDO-PROSPECTIVE" in text
    assert "Not a prediction and not a public warning" in text and "Nobody has approved" in text
    assert "2022-09-05 06:00 UTC" in text


def test_choices_change_the_card_and_the_map(visit, store_folder):
    seen = visit(REAL_PAGE)
    page = seen.page
    for model, window, days, magnitude in (
        ("poisson", "day", 1, 5.0),
        ("smoothed", "week", 7, 6.0),
        ("reasenberg-jones", "day", 1, 4.8),
    ):
        for name, value in {"model": model, "window": window, "magnitude": f"{magnitude:g}"}.items():
            if page.input_value(f"#{name}") != value:
                seen.select(**{name: value})
        line = stored(store_folder, model=model, days=days, magnitude=magnitude)
        wait(page, f"document.querySelector('#probability').dataset.probability == {line.probability!r}")
        assert f"M≥{magnitude:g}" in page.inner_text("#legend-words")
        assert message(f"horizon_{window}", "en") in page.inner_text("#legend-words")
    assert seen.complaints == []


def test_the_map_is_drawn_with_cells_coast_and_earthquakes(visit):
    page = visit(REAL_PAGE).page
    drawn(page)
    wait(page, "document.querySelector('#busy').hidden")
    picture = pixels(page, "#map canvas")
    assert picture.reshape(-1, 3).std(axis=0).max() > 0.02
    colours = np.unique((picture * 31).astype(int).reshape(-1, 3), axis=0)
    assert len(colours) > 50
    yellow = (picture[..., 0] - picture[..., 2] > 0.15).mean()  # cells from few to many are yellow to red
    assert yellow > 0.15
    for source, least in (("cells", 100), ("events", 1), ("outline", 1), ("land", 1)):
        found = page.evaluate(f"houfengMap.querySourceFeatures('{source}').length")
        assert found >= least, source
    dots = page.evaluate("houfengMap.queryRenderedFeatures({layers: ['before', 'after']}).map(f => f.properties.kind)")
    assert set(dots) == {"before", "after"}


def test_other_earthquakes_and_rates_look_different(visit):
    seen = visit(REAL_PAGE)
    drawn(seen.page)
    first = pixels(seen.page, "#map canvas")
    seen.select(model="poisson")
    drawn(seen.page)
    seen.page.wait_for_timeout(500)
    second = pixels(seen.page, "#map canvas")
    assert first.shape == second.shape and (np.abs(first - second).max(axis=2) > 0.05).mean() > 0.05


def test_nothing_is_asked_of_another_host_and_nothing_goes_wrong(visit, address):
    seen = visit(REAL_PAGE)
    drawn(seen.page)
    seen.page.click("#language")
    seen.page.click(f"[data-run='{EXPERIMENT}']")
    seen.page.wait_for_timeout(3500)  # the page has asked for new runs meanwhile
    assert seen.hosts() == {urlsplit(address).netloc}
    assert sum("/api/runs" in url for url in seen.requests) >= 2
    assert any("maplibre-gl-worker.mjs" in url for url in seen.requests)
    assert seen.complaints == []


def test_the_cable_is_really_pulled(chromium, address):
    """Without this the test above could pass because nothing was noticed."""
    assert "NOTFOUND" in NOWHERE
    lost, page = chromium.new_page(), chromium.new_page()
    with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
        lost.goto("http://houfeng.example/")
    lost.close()
    page.goto(address)
    blocked = "fetch('http://127.0.0.1:9/x').then(() => 'went', error => String(error))"
    assert "Failed to fetch" in page.evaluate(blocked)  # by the page's own policy
    script = "const s = document.createElement('script'); s.textContent = 'window.got = 1'; document.body.append(s)"
    page.evaluate(script)
    assert page.evaluate("window.got") is None
    page.close()


def test_the_language_changes_every_word_and_is_kept(visit):
    seen = visit(f"?run={REAL}")
    page = seen.page
    assert page.get_attribute("html", "lang") == "en"
    assert page.inner_text("#title") == message("title_run", "en", region="Sichuan-Yunnan")
    number = page.inner_text("#probability")
    page.click("#language")
    assert page.get_attribute("html", "lang") == "zh-Hans" and "lang=zh" in page.url
    assert page.inner_text("#title") == message("title_run", "zh", region="川滇地区")
    assert page.inner_text("#probability") == number
    text = page.inner_text("body")
    assert "草稿" in text and "供专家使用的草稿" in text and "伪前瞻性" in text
    quoted = "bundled extract|and above"  # the source of the catalogue, as it stands
    assert not re.sub(quoted, "", " ".join(re.findall(r"[A-Za-z][a-z]+ [a-z]{2,}", text))).strip()
    page.goto(page.url.split("?")[0])
    page.wait_for_selector("body[data-ready]")
    assert page.get_attribute("html", "lang") == "zh-Hans"  # without ?lang, as it was kept


def test_a_chinese_browser_gets_a_chinese_page(visit):
    assert visit("", locale="zh-CN").page.get_attribute("html", "lang") == "zh-Hans"


def test_another_run_changes_what_is_shown(visit):
    page = visit(REAL_PAGE).page
    assert page.is_visible("#card") and page.is_visible("#map")
    page.click(f"[data-run='{FAILED}']")
    page.wait_for_selector("#message.bad")
    assert "NotEnoughDataError: <b>too few</b> earthquakes" in page.inner_text("#message")  # as text, not as HTML
    assert page.is_hidden("#card") and page.is_hidden("#where")
    page.click(f"[data-run='{KILLED}']")
    wait(page, "document.querySelector('#message').textContent.includes('Start the same command')")
    page.click(f"[data-run='{REAL}']")
    page.wait_for_selector("#card:visible")
    assert f"run={REAL}" in page.url


def test_the_state_of_each_run_is_written_out(visit):
    page = visit(REAL_PAGE).page
    states = {key: page.inner_text(f"[data-run='{key}'] .state") for key in (REAL, FAILED, KILLED, EXPERIMENT)}
    assert states == {REAL: "done", FAILED: "failed", KILLED: "interrupted", EXPERIMENT: "done"}
    assert page.get_attribute(f"[data-run='{REAL}']", "aria-current") == "true"


def test_the_scoreboard_of_a_run_and_of_an_experiment(visit):
    page = visit(REAL_PAGE).page
    assert page.inner_text("#board-title") == "Scoreboard"
    assert page.locator("#board tbody tr.group").all_inner_texts() == ["the next day", "the next week"]
    page.click(f"[data-run='{EXPERIMENT}']")
    wait(page, "document.querySelector('#board-title').textContent.startsWith('italy-days')")
    poisson = page.locator("#board tbody tr", has_text="poisson")
    assert "97 scored, 3 failed" in poisson.inner_text()
    marks = poisson.locator(".mark")
    assert marks.all_inner_texts() == [" ✗"] * 3  # a sign, and words for who cannot see it
    assert {m.get_attribute("aria-label") for m in marks.all()} == {"not as it should be"}
    etas = page.locator("#board tbody tr", has_text="etas").locator(".mark").all_inner_texts()
    assert [mark.strip() for mark in etas] == ["✓", "✓", "✓", "✗"]
    assert "Proven: no model saw the future" in page.inner_text("#board-notes")


def test_an_experiment_with_forecasts_shows_its_labels_best_first(visit, tmp_path):
    folder = copy_of_store(tmp_path)
    with Store.open(folder) as store:
        told = {"name": "two-labels", "reference": "slow"}
        with store.begin_run("experiment", told, region="sichuan-yunnan", catalog=store.runs()[0].catalog) as work:
            for label, id in (("slow", 6), ("quick", 2)):
                number = store.save_forecast(work, store.load_forecast(id))
                work.record(f"{label} 0", {"forecast": number, "label": label})
            lines = [board_model("slow", gain=None), board_model("quick")]
            work.record("scoreboard.json", board(models=lines, baseline="slow"))
    with serving(folder) as base:
        page = visit(f"?lang=en&run={work.id}", base=base).page
        assert page.inner_text("#title") == "Experiment two-labels: Sichuan-Yunnan"
        assert page.input_value("#model") == "quick"
        assert page.locator("#model option").all_inner_texts() == ["quick", "slow (baseline)"]
        assert page.locator(".bars .name").all_inner_texts() == ["quick", "Long-term average"]


def test_a_new_run_appears_without_reloading(visit, tmp_path):
    folder = copy_of_store(tmp_path)
    with serving(folder) as base:
        seen = visit(REAL_PAGE, base=base)
        page = seen.page
        before = page.inner_text("#probability")
        with Store.open(folder) as store:
            work = store.begin_run("run", {"moments": ["a"]}, region="japan")
            page.wait_for_selector(f"[data-run='{work.id}'] .state.running")
            assert page.inner_text("#probability") == before  # what is being read is not taken away
            store.save_forecast(work, store.load_forecast(2))
            work.finish()
            page.wait_for_selector(f"[data-run='{work.id}'] .state.done")
            store.approve(1, "Sichuan Earthquake Agency")
        page.click(f"[data-run='{work.id}']")
        wait(page, "document.querySelector('#title').textContent.includes('Japan')")
    assert seen.complaints == []


def test_an_approval_is_seen_without_reloading(visit, tmp_path):
    folder = copy_of_store(tmp_path)
    with serving(folder) as base:
        page = visit(REAL_PAGE, base=base).page
        magnitude = page.input_value("#magnitude")
        assert page.inner_text("#card .stamp.draft") == "DRAFT"
        with Store.open(folder) as store:
            store.approve(2, "<i>Sichuan</i> Earthquake Agency")  # the forecast shown: the week by reasenberg-jones
        page.wait_for_selector("#card .stamp.approved")
        text = page.inner_text("#card")
        assert "APPROVED by <i>Sichuan</i> Earthquake Agency" in text and "DRAFT" not in text
        assert page.input_value("#magnitude") == magnitude
        assert "DRAFT" not in page.inner_text("#notice")


def test_an_empty_store_says_what_to_type(visit, tmp_path):
    with serving(tmp_path / "none") as base:
        seen = visit("?lang=en", base=base)
        text = seen.page.inner_text("main")
        assert "No runs yet" in text and "houfeng run" in text and str(tmp_path / "none") in text
        with Store.open(tmp_path / "none") as store:
            store.begin_run("run", {}, region="japan").fail("no luck")
        seen.page.wait_for_selector("#message.bad")
        assert seen.page.is_hidden("#empty") and "no luck" in seen.page.inner_text("#message")
    assert seen.complaints == []


def test_a_server_that_is_gone_is_told(visit, tmp_path):
    with serving(copy_of_store(tmp_path)) as base:
        page = visit(REAL_PAGE, base=base).page
    page.wait_for_selector("#lost:visible", timeout=15_000)
    assert "No answer from houfeng serve" in page.inner_text("#lost")
    assert page.is_visible("#card")


def test_without_webgl_there_is_a_drawing_and_the_highest_cells(visit, chromium_without_webgl):
    seen = visit(REAL_PAGE, browser=chromium_without_webgl)
    page = seen.page
    assert page.evaluate("document.createElement('canvas').getContext('webgl2')") is None
    assert "no WebGL" in page.inner_text("#no-webgl") and page.is_hidden("#map")
    picture = pixels(page, "#plain")
    assert (picture[..., 0] - picture[..., 2] > 0.15).mean() > 0.1
    assert page.locator("#highest tbody tr").count() == 10 and page.is_visible("#highest tbody")
    assert page.inner_text("#highest tbody tr:first-child").count("%") == 1
    assert not any("maplibre-gl.mjs" in url for url in seen.requests)
    first = picture
    seen.select(model="poisson")
    page.wait_for_timeout(200)
    assert np.abs(first - pixels(page, "#plain")).max() > 0.1


@pytest.mark.parametrize("width", [390, 820, 1400])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_sticks_out_at_any_width(visit, width, language):
    page = visit(f"?lang={language}&run={REAL}", viewport={"width": width, "height": 844}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for part in ("#title", "#choices", "#card", "#frame", "#board"):
        box = page.locator(part).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width + 1, part
    assert page.locator("#map").bounding_box()["height"] > 300
    if width < 800:  # the answer first, the list of runs folded away
        assert page.locator("#card").bounding_box()["y"] < page.locator("#frame").bounding_box()["y"]
        assert not page.is_visible("#runs")
        page.click("#runs-fold summary")
        page.click(f"[data-run='{FAILED}']")
        page.wait_for_selector("#message.bad")
        assert not page.is_visible("#runs")


FOCUSED = "(e => e.id || e.dataset.run || e.className || e.tagName)(document.activeElement)"


def test_the_keyboard_reaches_everything(visit):
    page = visit(REAL_PAGE).page
    drawn(page)
    reached = []
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    wanted = ["skip", "language", str(REAL), str(FAILED), "moment", "window", "magnitude", "model"]
    assert [item for item in reached if item in wanted][:2] == ["skip", "language"]
    assert set(wanted) <= set(reached)
    assert any("maplibregl-canvas" in item for item in reached) and "home" in reached
    before = page.evaluate("houfengMap.getCenter().lng")
    page.focus("#map canvas")
    page.keyboard.press("ArrowRight")
    wait(page, f"Math.abs(houfengMap.getCenter().lng - {before}) > 0.01")
    drawn(page)
    page.focus(".home")
    page.keyboard.press("Enter")
    wait(page, f"Math.abs(houfengMap.getCenter().lng - {before}) < 0.01")


def test_headings_names_and_labels_for_who_listens(visit):
    page = visit(REAL_PAGE).page
    drawn(page)
    assert page.locator("h1:visible").count() == 1
    for name in ("moment", "window", "magnitude", "model"):
        assert page.locator(f"label:has(#{name})").inner_text().strip()
    assert "Arrow keys move it" in page.get_attribute("#map", "aria-label")
    assert page.get_attribute(".home", "aria-label") == "The whole region"
    page.click("#language")
    wait(page, "document.querySelector('.home').getAttribute('aria-label') === '显示整个区域'")


def test_the_pointer_is_told_what_a_cell_holds(visit):
    page = visit(REAL_PAGE).page
    drawn(page)
    box = page.locator("#map").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(box["x"] + box["width"] / 2 + 3, box["y"] + box["height"] / 2)
    text = page.inner_text(".maplibregl-popup-content")
    assert re.match(r"Expected: [\d.]+\. Chance of at least one: [\d.]+ %\.|M\d\.\d · 2022", text)


def test_dark_and_light_are_both_legible(visit):
    for scheme, dark in (("light", False), ("dark", True)):
        page = visit(REAL_PAGE, color_scheme=scheme).page
        drawn(page)
        paper, ink = (page.evaluate(f"getComputedStyle(document.body.parentElement).{name}")
                      for name in ("backgroundColor", "color"))  # fmt: skip
        light = [sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in (paper, ink)]
        assert (light[0] < light[1]) is dark and abs(light[0] - light[1]) > 400
        corner = pixels(page, "#map canvas")[-20:, :20].mean() < 0.4
        assert bool(corner) is dark


def test_pages_are_not_kept_from_changing(visit):
    """What is served says that it must be asked for again, so that an upgrade is seen."""
    seen = visit(REAL_PAGE)
    answer = seen.page.request.get(seen.page.url.split("?")[0] + "page.js")
    assert answer.headers["cache-control"] == "no-cache" and answer.headers["etag"]
    assert answer.headers["content-type"].startswith("text/javascript")
    assert os.path.basename(urlsplit(answer.url).path) == "page.js"
