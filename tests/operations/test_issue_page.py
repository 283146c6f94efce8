"""The report of one stored forecast: the page of its run, cut to what is issued, under its standing."""

import re
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from houfeng.errors import StoreError
from houfeng.operations.issue_page import issue_page
from houfeng.operations.issued import horizon_of
from houfeng.operations.run import run
from houfeng.reports import wording
from houfeng.store import Store
from houfeng.values import legal_notice

OFFICE = "National Seismological Centre"
AS_OF = datetime(2020, 1, 1, tzinfo=UTC)
HORIZONS = {name: timedelta(days=days) for name, days in (("day", 1), ("week", 7), ("10d", 10), ("year", 365.25))}


@pytest.fixture(scope="module")
def made(tmp_path_factory, catalog, region):
    """A store with one run of two models, two moments and four horizons; its folder is gone."""
    from houfeng.operations.plan import Case, Plan

    folder = tmp_path_factory.mktemp("made")
    plan = Plan(
        Case("test"), catalog, region, (AS_OF, AS_OF + timedelta(days=3)), HORIZONS, ("reasenberg-jones", "poisson"),
        3.0, 20, 1, folder / "out",
    )  # fmt: skip
    with Store.open(folder / "store") as store:
        document = run(plan, store).document
    shutil.rmtree(folder / "out")
    return folder / "store", document


@pytest.fixture
def store(made, tmp_path):
    shutil.copytree(made[0], tmp_path / "store")
    with Store.open(tmp_path / "store") as opened:
        yield opened


def number_of(store: Store, model: str, horizon: str, *, moment=AS_OF) -> int:
    (one,) = [r.id for r in store.forecasts(model=model) if horizon_of(r) == horizon and r.issue.as_of == moment]
    return one


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.split("<main>")[1]))


@pytest.mark.parametrize("state", ["draft", "approved", "withdrawn"])
def test_the_page_says_the_standing_of_this_forecast(store, state):
    number = number_of(store, "poisson", "week")
    if state != "draft":
        store.move([number], state, OFFICE)
    page = issue_page(store, number)
    for language in ("en", "zh"):
        assert page.count(legal_notice(state)[language].replace("'", "&#39;")) >= 2
    assert ("DRAFT" in page) == (state == "draft") and (OFFICE in page) == (state != "draft")
    other = issue_page(store, number_of(store, "poisson", "day"))
    assert "DRAFT" in other and OFFICE not in other


def test_the_numbers_are_those_of_the_run(store, made):
    section = made[1]["forecasts"][0]
    page = words(issue_page(store, number_of(store, "reasenberg-jones", "week")))
    for row in section["table"]:
        if row["horizon"] == "week" and row["magnitude"] in (3.0, 4.0) and row["model"] != "poisson":
            assert wording.percent(row["probability"]).replace(">", "&gt;") in page
            assert wording.count(row["number"]["value"]) in page


def test_only_what_is_issued_stands_on_it(store):
    page = issue_page(store, number_of(store, "poisson", "week"))
    assert "reasenberg-jones" not in page and "smoothed" in page
    assert "2020-01-01 00:00" in page and "2020-01-04 00:00" not in words(page)
    assert page.count("data:image/png") == 3


@pytest.mark.parametrize(
    ("model", "horizon"), [("poisson", "10d"), ("reasenberg-jones", "day"), ("smoothed", "week"), ("poisson", "year")]
)
def test_every_forecast_of_a_run_has_its_page(store, model, horizon):
    moment = AS_OF + timedelta(days=3)
    page = issue_page(store, number_of(store, model, horizon, moment=moment))
    assert "Forecast of 2020-01-04 00:00 UTC" in words(page) and "Forecast of 2020-01-01" not in words(page)
    assert page.count("data:image/png") == (2 if horizon == "year" else 3)


def test_a_forecast_that_no_run_wrote_a_section_for_has_no_page(store):
    bare = store.begin_run("other", {})
    number = store.save_forecast(bare, store.load_forecast(1))
    assert issue_page(store, number) is None


def test_a_forecast_that_is_not_there_is_told(store):
    with pytest.raises(StoreError, match="there is no forecast 99"):
        issue_page(store, 99)
