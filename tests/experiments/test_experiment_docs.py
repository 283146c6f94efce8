"""The pages on experiments say what is so."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from houfeng.errors import UnknownNameError
from houfeng.experiments import Experiment, Serial, Unit, run_experiment
from houfeng.experiments.experiment import TESTS
from houfeng.experiments.file import parse_experiment
from houfeng.store import Store, StoreReader

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def how_to() -> str:
    return (DOCS / "how-to" / "run-an-experiment.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def concepts() -> str:
    return (DOCS / "concepts" / "experiments.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def small(how_to) -> str:
    (text,) = re.findall(r"```toml\n(.*?)```", how_to, re.S)
    return text


@pytest.fixture(scope="module")
def finished(small, tmp_path_factory):
    """The smallest file of the page, carried out."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "coquimbo.toml").write_text(small)
    experiment = Experiment.from_file(folder / "coquimbo.toml")
    experiment = replace(experiment, occurrence=experiment.min_magnitude)
    with Store.open(folder / "my-store") as store:
        return folder, run_experiment(experiment, store, folder=folder / "out", executor=Serial(), prove=True)


def documented(text: str) -> set[str]:
    return set(re.findall(r"^\| `([\w.]+)` \|", text, re.M))


def test_every_key_is_in_the_table_and_every_key_in_the_table_is_known(how_to, small):
    """An unknown key is refused with the list of those there are: ask for each table's list."""
    known = set()
    tables = ("catalog", "region", "training", "windows", "scores", "log", "executor", "models")
    for table in (None, *tables):
        document = tomllib.loads(small)
        inner = document if table is None else document.setdefault(table, {})
        inner = inner[0] if isinstance(inner, list) else inner
        inner["no_such_key"] = 1
        with pytest.raises(UnknownNameError) as refused:
            parse_experiment(document, folder=Path(), where="x")
        names = str(refused.value).split("There are: ")[1].split(", ")
        known |= {name if table is None else f"{table}.{name}" for name in names} - set(tables)
    assert documented(how_to.split("## Every key")[1]) == known


def test_every_test_is_named(how_to):
    row = next(line for line in how_to.splitlines() if line.startswith("| `scores.tests`"))
    assert set(re.findall(r"[\w-]+", row)) >= set(TESTS)


def test_the_python_of_the_page_runs(how_to, small, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "coquimbo.toml").write_text(small + '\n[executor]\nkind = "serial"\n')
    (example,) = re.findall(r"```python\n(.*?)```", how_to, re.S)
    exec(compile(example, "run-an-experiment.md", "exec"), {"__name__": "__main__"})
    assert "smoothed 0.0" in capsys.readouterr().out


def test_a_forecast_is_made_again_as_the_page_says(concepts, finished, monkeypatch):
    folder, result = finished
    monkeypatch.chdir(folder)
    (example,) = re.findall(r"```python\n(.*?)```", concepts, re.S)
    names = {"run": result.run}
    exec(compile(example, "experiments.md", "exec"), names)
    with StoreReader.open("my-store") as reader:
        steps = [step.name for step in reader.steps(result.run)]
        logged = reader.result(
            result.run, next(name for name in steps if name.startswith("poisson") and " 2" in name[-2:])
        )
        assert "scoreboard.json" in steps and reader.result(result.run, "scoreboard.json") == result.document
    assert names["again"].digest == logged["digest"] and names["Unit"] is Unit


def test_every_key_of_the_document_is_described(concepts, finished):
    board = finished[1].document
    section = concepts.split("## scoreboard.json")[1].split("## The tables")[0]
    whole, each = section.split("Each of `models`:")
    for keys, text in ((board, whole), (board["models"][0], each)):
        told = {name for row in re.findall(r"^\| (`.*?) \|", text, re.M) for name in re.findall(r"`(\w+)`", row)}
        assert told == set(keys)
    for value in (board["catalog"], board["region"], board["blocks"], board["windows"][0], board["proof"]):
        assert {f"`{key}`" for key in value} <= set(re.findall(r"`\w+`", whole))
    model = board["models"][0]
    values = (model["gain"], model["tests"]["N"], model["chances"][0], model["series"], model["occurrence"])
    for value in values:
        assert {f"`{key}`" for key in value} <= set(re.findall(r"`\w+`", each))


@pytest.mark.parametrize("name", ["scores", "tests", "events", "cells"])
def test_every_column_of_the_tables_is_listed(concepts, finished, name):
    import duckdb

    path = finished[1].folder / f"{name}.parquet"
    columns = {row[0] for row in duckdb.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()}
    row = next(line for line in concepts.splitlines() if line.startswith(f"| `{name}.parquet`"))
    assert columns - {"model", "start", "end", "test"} <= set(re.findall(r"\w+", row))
    listed = row.split("|")[3].replace("(south-west corner)", "")
    assert set(re.findall(r"\w+", listed)) <= columns
