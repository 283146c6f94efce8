"""The modules of the page one by one, and the page when things go slowly or wrong."""

import json
import re

import pytest
from service_samples import REAL, copy_of_store

from houfeng.reports.messages import catalogue, message
from houfeng.store import Store

from .conftest import serving
from .test_page import REAL_PAGE, shown_probability, stored, wait


@pytest.fixture
def module(visit):
    """Evaluate an expression of one of the page's modules, called `m`."""
    page = visit(REAL_PAGE).page

    def evaluate(name: str, expression: str):
        return page.evaluate(f"import('/{name}').then(m => {expression})")

    return evaluate


def test_the_scale_is_logarithmic_and_ends_where_it_ends(module):
    rates = [0, 1e-9, 1e-6, 1e-5, 1e-3, 0.1, 5]
    places = module("colours.js", f"{json.dumps(rates)}.map(rate => m.position(rate, [1e-6, 0.1]))")
    assert places == pytest.approx([0, 0, 0, 0.2, 0.6, 1, 1])


def test_colours_run_from_the_first_to_the_last_of_the_ramp(module):
    first, last, middle, ramp = module("colours.js", "[m.colour(0), m.colour(1), m.colour(0.5), m.ramp()]")

    def rgb(text: str) -> str:
        return f"rgb({' '.join(str(int(text[i : i + 2], 16)) for i in (1, 3, 5))})"

    assert (first, middle, last) == (rgb(ramp[0]), rgb(ramp[3]), rgb(ramp[-1]))


def test_rare_cells_let_the_land_be_seen_and_frequent_ones_do_not(module):
    few, many = module("colours.js", "[m.opacity(0), m.opacity(1)]")
    assert 0.3 < few < many <= 0.95


def test_circles_double_their_area_every_third_of_a_magnitude(module):
    sizes = module("colours.js", "[4, 4 + 1/3 * 2, 5, 9.5].map(m.radius)")
    assert sizes[1] / sizes[0] == pytest.approx(2**0.5) and sizes == sorted(sizes) and sizes[-1] <= 40


def test_words_are_filled_in_and_unknown_ones_are_an_error(module):
    assert module("words.js", "m.t('page_one_in', {n: '47'})") == message("page_one_in", "en", n="47")
    assert module("words.js", "m.t('page_one_in')") == "about 1 in {n}"
    assert module("words.js", "m.said({en: 'a', zh: 'b'})") == "a"
    assert module("words.js", "[m.said(null), m.said(undefined), m.said('as it is')]") == ["", "", "as it is"]
    with pytest.raises(Exception, match="no message 'nothing'"):
        module("words.js", "m.t('nothing')")


def test_every_message_of_the_page_can_be_filled_in(module):
    """Python's placeholders with a format, such as {days:.1f}, are understood too."""
    keys = [key for key in catalogue() if key.startswith(("page_", "col_", "fact_", "warning_"))]
    values = {"days": "1", "m": "5", "n": "3"}
    said = module("words.js", f"{json.dumps(keys)}.map(key => m.t(key, {json.dumps(values)}))")
    assert len(said) == len(keys) and not any(re.search(r"\{(days|m|n)\b", text) for text in said)


def test_text_never_becomes_markup(module):
    text = "<img src=x onerror=alert(1)>"
    made = module("dom.js", f"m.h('p', {{title: {json.dumps(text)}}}, {json.dumps(text)}).outerHTML")
    assert "<img" not in made.split(">", 1)[1] and "&lt;img" in made
    kinds = module("dom.js", "m.h('p', {hidden: true, lang: null, id: false}, null, false, ['a']).outerHTML")
    assert kinds == '<p hidden="">a</p>'


def test_an_error_of_the_service_is_said_in_its_words(module):
    said = module("dom.js", "m.ask('/api/forecasts/999').catch(error => error.message)")
    assert said.startswith("unknown forecast '999'")


def test_times_are_shortened_and_say_utc(module):
    assert module("dom.js", "m.moment('2015-09-16T22:54:32.860000Z')") == "2015-09-16 22:54 UTC"
    assert module("dom.js", "m.moment('2015-09-16T22:54:32.860000Z', true)") == "2015-09-16 22:54:32 UTC"


def test_a_slow_answer_to_an_earlier_choice_is_dropped(visit, store_folder):
    page = visit(REAL_PAGE).page
    magnitude = float(page.input_value("#magnitude"))
    held = []
    page.route("**/api/forecasts/6", lambda route: held.append(route))  # the week by poisson
    page.select_option("#model", "poisson")
    wait_held(page, held)
    page.select_option("#model", "smoothed")
    wanted = stored(store_folder, model="smoothed", days=7, magnitude=magnitude).probability
    wait(page, f"document.querySelector('#probability').dataset.probability == {wanted!r}")
    held[0].continue_()
    page.wait_for_timeout(700)
    assert shown_probability(page) == wanted and page.input_value("#model") == "smoothed"


def wait_held(page, held: list) -> None:
    for _ in range(200):
        if held:
            return
        page.wait_for_timeout(50)
    raise AssertionError("the request never came")


def test_a_damaged_forecast_is_told_and_the_page_goes_on(visit, tmp_path, store_folder):
    folder = copy_of_store(tmp_path)
    with Store.open(folder) as store:
        artifact = store.forecasts()[5].artifact
    (folder / "artifacts" / f"{artifact}.npz").write_bytes(b"gone bad")
    with serving(folder) as base:
        page = visit(REAL_PAGE, base=base).page
        page.select_option("#model", "poisson")
        page.wait_for_selector("#message.bad")
        assert "is damaged" in page.inner_text("#message")
        page.select_option("#model", "smoothed")
        page.wait_for_selector("#message", state="hidden")
        magnitude = float(page.input_value("#magnitude"))
        wanted = stored(store_folder, model="smoothed", days=7, magnitude=magnitude).probability
        assert shown_probability(page) == wanted


def test_an_unknown_run_in_the_address_shows_the_newest(visit):
    page = visit("?lang=en&run=999").page
    assert page.get_attribute("[aria-current='true']", "data-run") == "4"
    page = visit(f"?lang=en&run={REAL}").page
    assert page.get_attribute("[aria-current='true']", "data-run") == str(REAL)


def test_an_unknown_language_is_english(visit):
    assert visit("?lang=fr").page.get_attribute("html", "lang") == "en"
