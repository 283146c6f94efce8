"""What a run says, held against itself: the same twice, blind to what came later, the same in every file."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from houfeng.catalogs.catalog import Catalog
from houfeng.forecasts import csep
from houfeng.forecasts.table import format_number, format_probability
from houfeng.operations import outputs
from houfeng.operations.run import run
from houfeng.operations.training import BASELINE
from houfeng.store import Store
from houfeng.times import Window, to_datetime64

AS_OF = datetime(2020, 1, 1, tzinfo=UTC)
MODELS = ("poisson", "reasenberg-jones")


@pytest.fixture
def carried_out(plan_for, tmp_path):
    """Carry out a plan in a store of its own; returns the document and the folder."""

    def carry(name: str, **changes):
        plan = plan_for(folder=tmp_path / name, **changes)
        with Store.open(tmp_path / f"{name}-store") as store:
            return run(plan, store).document, plan.folder

    return carry


def with_future(catalog: Catalog, after: datetime, magnitude: float) -> Catalog:
    """The same past, another future: every later event is replaced by great ones in the middle of the region."""
    past = catalog.before(after)
    n = 40
    time = to_datetime64(after) + np.arange(1, n + 1) * np.timedelta64(3600, "s")
    return Catalog.of(
        time=np.concatenate([past.time, time]),
        longitude=np.concatenate([past.longitude, np.full(n, 11.0)]),
        latitude=np.concatenate([past.latitude, np.full(n, 41.0)]),
        depth_km=np.concatenate([past.depth_km, np.full(n, 10.0)]),
        magnitude=np.concatenate([past.magnitude, np.full(n, magnitude)]),
        provenance=catalog.provenance,
    )


def files_of(folder, *, but=()) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in but
    }


def test_the_same_plan_says_the_same_to_the_byte(carried_out):
    (first, one), (second, two) = (carried_out(name, models=MODELS) for name in ("one", "two"))
    assert first == second
    assert files_of(one) == files_of(two)


def test_another_seed_draws_other_numbers_and_expects_the_same(carried_out):
    (first, one), (second, two) = (carried_out(name, seed=seed) for name, seed in (("one", 1), ("two", 2)))
    tables = [[row["number"] for row in document["forecasts"][0]["table"]] for document in (first, second)]
    assert [n["value"] for n in tables[0]] == pytest.approx([n["value"] for n in tables[1]])
    assert (
        files_of(one)["2020-01-01T000000Z/poisson-week-catalogs.csv"]
        != files_of(two)["2020-01-01T000000Z/poisson-week-catalogs.csv"]
    )


def test_no_file_of_a_forecast_depends_on_what_came_later(carried_out, catalog):
    """A future of great earthquakes changes what is compared and drawn as circles, and nothing that is forecast."""
    (plain, one), (great, two) = (
        carried_out(name, models=MODELS, catalog=data)
        for name, data in (("one", catalog), ("two", with_future(catalog, AS_OF, 7.5)))
    )
    judged = {"map-day.png", "map-week.png", "counts.png", "timeline.png", "report.html", "forecast.json"}
    assert files_of(one, but=judged) == files_of(two, but=judged)
    for before, after in zip(plain["forecasts"], great["forecasts"], strict=True):
        for key in set(before) - {"observed"}:
            assert before[key] == after[key], key
        assert before["observed"] != after["observed"]
    assert plain["models"] == great["models"] and plain["min_magnitude"] == great["min_magnitude"]


def test_an_event_published_too_late_is_not_seen(carried_out, catalog):
    """The great shock happened ten minutes before the forecast; the catalogue is twenty minutes behind."""
    early = with_future(catalog, AS_OF - timedelta(minutes=70), 7.5)
    (plain, _), (shaken, _) = (
        carried_out(name, models=("reasenberg-jones",), catalog=data)
        for name, data in (("one", catalog.before(AS_OF - timedelta(minutes=70))), ("two", early))
    )
    assert plain["forecasts"][0]["table"] == shaken["forecasts"][0]["table"]


def test_the_pasted_table_has_the_numbers_of_the_document(carried_out):
    document, folder = carried_out("one", models=MODELS)
    text = (folder / "2020-01-01T000000Z" / "table.txt").read_text(encoding="utf-8")
    blocks = dict(zip(("poisson", BASELINE), text.split("\n\nEarthquake forecast for "), strict=True))
    for row in document["forecasts"][0]["table"]:
        if row["model"] in blocks and row["magnitude"] in (3.0, 4.0, 5.0, 6.0, 7.0, 8.0):
            number = row["number"]
            cell = (
                f"{format_number(number['value'])} ({number['low']:,.0f}-{number['high']:,.0f}), "
                f"{format_probability(row['probability'])}"
            )
            assert cell in blocks[row["model"]], row


def test_gains_are_over_the_long_term_average_and_one_for_itself(carried_out):
    document, _ = carried_out("one", models=MODELS)
    table = document["forecasts"][0]["table"]
    average = {(r["horizon"], r["magnitude"]): r for r in table if r["model"] == BASELINE}
    for row in table:
        usual = average[row["horizon"], row["magnitude"]]
        assert row["baseline_number"] == usual["number"] and row["baseline_probability"] == usual["probability"]
        assert row["gain"] == pytest.approx(row["number"]["value"] / usual["number"]["value"])
        if row["model"] == BASELINE:
            assert row["gain"] == 1


def test_windows_over_a_month_are_in_the_tables_and_not_drawn(carried_out):
    horizons = {"day": timedelta(days=1), "year": timedelta(days=365.25)}
    document, folder = carried_out("one", horizons=horizons)
    names = {path.name for path in (folder / "2020-01-01T000000Z").iterdir()}
    assert "map-day.png" in names and "map-year.png" not in names
    assert "poisson-day.geojson" in names and "poisson-year.geojson" not in names
    assert "poisson-year.parquet" in names
    assert {row["horizon"] for row in document["forecasts"][0]["table"]} == {"day", "year"}


def test_no_more_catalogues_are_written_than_a_disk_should_bear(carried_out, monkeypatch):
    monkeypatch.setattr(outputs, "WRITTEN_CATALOGS", 7)
    _, folder = carried_out("one", n_simulations=50)
    path = folder / "2020-01-01T000000Z" / "poisson-week-catalogs.csv"
    assert len(csep.read_catalogs(path, Window.after(AS_OF, timedelta(days=7)))) == 7


def test_what_a_killed_run_left_half_written_is_cleared_away(carried_out, tmp_path):
    folder = tmp_path / "one" / "2020-01-01T000000Z"
    folder.mkdir(parents=True)
    (folder / ".map-day.png.77.part").write_bytes(b"half a map")
    (folder / "notes.txt").write_text("somebody's own")
    document, _ = carried_out("one")
    names = {path.name for path in folder.iterdir()}
    assert not any(name.endswith(".part") for name in names) and "notes.txt" in names
    assert document["forecasts"][0]["as_of"] == "2020-01-01T00:00:00Z"


def test_the_report_says_the_standing_of_its_document(carried_out):
    document, folder = carried_out("one")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert document["state"] == "draft" and page.count("DRAFT") >= 3 and page.count("草稿") >= 3
    assert json.loads((folder / "forecast.json").read_text())["legal_notice"] == document["legal_notice"]
    assert not re.search(r"\b(APPROVED|PUBLISHED|WITHDRAWN)\b", page)


def test_the_scoreboard_counts_what_the_sections_checked(carried_out):
    document, _ = carried_out("one", models=MODELS, moments=(AS_OF, AS_OF + timedelta(days=5)))
    for standing in document["scoreboard"]:
        key = standing["model"], standing["horizon"]
        checks = [
            check for part in document["forecasts"] for check in part["observed"]["checks"]
            if (check["model"], check["horizon"]) == key
        ]  # fmt: skip
        assert standing["n_forecasts"] == 2 and standing["checks"] == len(checks)
        assert standing["checks_inside"] == sum(check["inside"] for check in checks)
        lowest = [check["observed"] for check in checks if check["magnitude"] == 3.0]
        assert standing["n_observed"] == sum(lowest)


def test_a_prospective_catalogue_makes_a_prospective_run(carried_out, catalog):
    issued = replace(catalog, provenance=replace(catalog.provenance, final=False))
    document, folder = carried_out("one", catalog=issued)
    assert document["label"] == "PROSPECTIVE (as issued)"
    assert "PSEUDO-PROSPECTIVE" not in (folder / "report.html").read_text(encoding="utf-8")
