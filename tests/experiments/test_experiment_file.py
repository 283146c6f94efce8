"""One TOML file describes a whole experiment, and a wrong word in it is told with its place."""

import re
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import ConfigError, HoufengError, InputError, RegionError, SourceError, TimeError, UnknownNameError
from houfeng.experiments import CatalogFile, ExecutorChoice, Experiment, ModelEntry
from houfeng.experiments.experiment import TESTS
from houfeng.experiments.file import parse_experiment
from houfeng.times import Window

EXAMPLES = Path(__file__).parents[2] / "examples"

SMALL = """
name = "small"
min_magnitude = 3.5

[catalog]
file = "chile"

[region]
name = "chile"

[windows]
start = 2015-09-01T00:00:00Z
end = 2015-09-15T00:00:00Z
length = "7d"

[[models]]
name = "poisson"
"""


def parse(text: str, folder: Path = Path(".")) -> Experiment:
    return parse_experiment(tomllib.loads(text), folder=folder, where="small.toml")


def changed(old: str, new: str) -> str:
    assert old in SMALL
    return SMALL.replace(old, new)


def test_the_smallest_file_takes_the_defaults():
    experiment = parse(SMALL)
    start = datetime(2015, 9, 1, tzinfo=UTC)
    assert experiment.windows == (
        Window.after(start, timedelta(days=7)),
        Window.after(start + timedelta(days=7), timedelta(days=7)),
    )
    assert (experiment.reference, experiment.labels) == ("poisson", ("poisson",))
    assert (experiment.refit, experiment.training_start, experiment.keep_forecasts) == (None, None, True)
    assert (experiment.n_simulations, experiment.tests, experiment.thresholds) == (1000, ("N", "M", "S"), ())
    assert experiment.catalog == CatalogFile("chile") and experiment.executor == ExecutorChoice()


def test_the_example_that_ships_says_what_the_page_says():
    experiment = Experiment.from_file(EXAMPLES / "italy.toml")
    assert experiment.labels == ("poisson", "smoothed", "reasenberg-jones", "etas", "etas-adaptive")
    assert experiment.catalog.file == str(EXAMPLES / "italy.csv")
    assert len(experiment.windows) == 184 and experiment.step_days == 1 and experiment.overlap == 1
    assert experiment.refit == timedelta(days=30) and len(set(experiment.fit_times)) == 7
    assert set(experiment.tests) <= set(TESTS)


def test_everything_can_be_said(tmp_path):
    text = """
    name = "all-of-it"
    seed = 7
    simulations = 50
    min_magnitude = "estimate"
    reference = "a"
    [catalog]
    file = "c.csv"
    format = "csep"
    assume_utc = true
    source = "us"
    licence = "CC0"
    data_end = 2021-01-01T00:00:00Z
    publication_delay_s = 60
    [region]
    polygon = [[10, 40], [12, 40], [12, 42], [10, 42]]
    cell_deg = 0.5
    depth_max_km = 40
    [training]
    start = "2010-01-01T00:00:00Z"
    refit = 3
    [windows]
    list = [[2020-01-01T00:00:00Z, 2020-01-02T00:00:00Z], ["2020-02-01T00:00:00+01:00", "2020-03-01T00:00:00Z"]]
    [scores]
    tests = ["N", "PL"]
    thresholds = [4, 5.0]
    block_days = 10
    [log]
    forecasts = false
    [executor]
    kind = "dask"
    workers = 3
    scheduler = "tcp://10.0.0.5:8786"
    [[models]]
    name = "smoothed"
    label = "a"
    parameters = { neighbours = [2, 4], min_bandwidth_km = 3 }
    [[models]]
    name = "smoothed"
    label = "b"
    """
    experiment = parse(text, tmp_path)
    assert experiment.catalog == CatalogFile(
        str(tmp_path / "c.csv"), "csep", True, "us", "CC0", datetime(2021, 1, 1, tzinfo=UTC), 60.0
    )
    assert (experiment.region.cell_deg, experiment.region.depth_max_km, len(experiment.region.grid())) == (0.5, 40, 16)
    assert experiment.windows[1].start == datetime(2020, 1, 31, 23, tzinfo=UTC)
    assert (experiment.min_magnitude, experiment.seed, experiment.refit) == (None, 7, 3)
    assert (experiment.tests, experiment.thresholds, experiment.block_days) == (("N", "PL"), (4.0, 5.0), 10.0)
    assert experiment.keep_forecasts is False
    assert experiment.executor == ExecutorChoice("dask", 3, "tcp://10.0.0.5:8786")
    model = experiment.recipe(experiment.entry("a"), 3.0)
    assert model.neighbours == (2, 4) and model.min_bandwidth_km == 3 and model.start == experiment.training_start


def test_a_polygon_may_be_a_file(tmp_path, region):
    import json

    (tmp_path / "r.geojson").write_text(json.dumps(region.to_geojson()))
    experiment = parse(changed('name = "chile"\n\n[w', 'file = "r.geojson"\ncell_deg = 0.5\n\n[w'), tmp_path)
    assert len(experiment.region.grid()) == 16 and experiment.region.name == "r"


@pytest.mark.parametrize(
    ("old", "new", "error", "words"),
    [
        ('name = "small"', 'nane = "small"', UnknownNameError, "unknown key of small.toml 'nane'; did you mean 'name'"),
        (
            'file = "chile"',
            'fille = "chile"',
            UnknownNameError,
            r"of small.toml: \[catalog\] 'fille'; did you mean",
        ),
        ("length =", "lenght =", UnknownNameError, r"\[windows\] 'lenght'; did you mean 'length'"),
        ('name = "poisson"', 'name = "poison"', UnknownNameError, "unknown model 'poison'; did you mean 'poisson'"),
        ('name = "poisson"', 'label = "x"', ConfigError, r"small.toml: \[\[models\]\] no. 1: there is no name"),
        ('name = "poisson"', 'name = "poisson"\nlable = "x"', UnknownNameError, r"no. 1 'lable'; did you mean 'label'"),
        (
            'name = "poisson"',
            'name = "poisson"\nparameters = { stat = 1 }',
            UnknownNameError,
            "unknown parameter of poisson 'stat'; did you mean 'start'",
        ),
        ('[region]\nname = "chile"', '[region]\nname = "chille"', UnknownNameError, "did you mean 'chile'"),
        ('[region]\nname = "chile"', "[region]\n", ConfigError, "give exactly one of name, file, polygon"),
        ('"chile"\n\n[windows]', '"chile"\nfile = "x"\n\n[windows]', ConfigError, "exactly one of name, file, polygon"),
        (
            "min_magnitude = 3.5",
            'min_magnitude = "high"',
            ConfigError,
            "is 'high'; it must be a magnitude",
        ),
        ("min_magnitude = 3.5", "min_magnitude = 3.55", InputError, "edge of the 0.1 bins"),
        ("min_magnitude = 3.5", "min_magnitude = true", ConfigError, "min_magnitude is True; it must be a magnitude"),
        ("min_magnitude = 3.5", "seed = -1", ConfigError, "seed is -1; it must be a whole number"),
        ("min_magnitude = 3.5", 'reference = "etas"', UnknownNameError, "unknown reference model 'etas'"),
        ("[windows]", "[[windows]]", ConfigError, r"\[windows\] is .*; it must be a table with start, end"),
        ("00Z\nend", "00\nend", ConfigError, "start: .* has no time zone"),
        ('"7d"', '"7 fortnights"', ConfigError, r"\[windows\]: length: cannot read the horizon"),
        ('"7d"', "7", ConfigError, 'length is 7; it must be a length of time such as "1d"'),
        ('"7d"', '"30d"', ConfigError, "0 windows of 30 days, 0:00:00 fit between"),
        ("2015-09-15T00:00:00Z", "2014-09-15T00:00:00Z", ConfigError, "0 windows"),
        ('length = "7d"', 'list = [["a", "b"]]', ConfigError, "give exactly one of start, list"),
        (
            '[catalog]\nfile = "chile"',
            "",
            ConfigError,
            r"there is no table \[catalog\]; it takes file, format",
        ),
        ("[catalog]", "[executor]\nkind = 'rai'\n[catalog]", UnknownNameError, "unknown executor 'rai'"),
        ("[catalog]", "[scores]\ntests = ['Q']\n[catalog]", UnknownNameError, "unknown test 'Q'"),
        ("[catalog]", "[scores]\ntests = 'N'\n[catalog]", ConfigError, "tests is 'N'; it must be a list"),
        ("[catalog]", "[scores]\nthresholds = ['N']\n[catalog]", ConfigError, "thresholds is .*; it must be a list"),
        ("[catalog]", "[training]\nrefit = 0\n[catalog]", InputError, "refit every 0 windows"),
        ("[catalog]", "[training]\nstart = 2016-01-01T00:00:00Z\n[catalog]", InputError, "before the first window"),
        (
            "[catalog]",
            "[log]\nforecasts = 'yes'\n[catalog]",
            ConfigError,
            "forecasts is 'yes'; it must be true or false",
        ),
        ("[catalog]", "simulations = 0\nscores = { tests = ['PL'] }\n[catalog]", InputError, "PL, MLL need simulated"),
        ("[[models]]", "[models]", ConfigError, r"models is .*; it must be one or more tables \[\[models\]\]"),
        ('name = "small"', 'name = "a/b"', InputError, "the name 'a/b' of an experiment"),
        ('name = "small"', 'name = ""', ConfigError, "name is ''; it must be a text"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(old, new, error, words):
    with pytest.raises(error, match=words):
        parse(changed(old, new))


@pytest.mark.parametrize("key", ["end", "length", "step"])
def test_a_list_of_windows_says_it_all(key):
    listed = 'list = [[2015-09-01T00:00:00Z, 2015-09-02T00:00:00Z]]\nlength = "7d"'
    text = re.sub(r'start = .*\nend = .*\nlength = "7d"', listed.replace("length", key), SMALL)
    with pytest.raises(ConfigError, match=f"{key} goes with start"):
        parse(text)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(SourceError, match="cannot read the experiment .*none.toml"):
        Experiment.from_file(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("name = ")
    with pytest.raises(ConfigError, match="broken.toml is not TOML"):
        Experiment.from_file(broken)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"models": ()}, "needs at least one model"),
        ({"windows": ()}, "needs at least one window"),
        ({"tests": ()}, "needs at least one test"),
        (
            {"models": (ModelEntry("poisson"), ModelEntry("poisson")), "reference": "poisson"},
            "names the model 'poisson'",
        ),
        ({"tests": ("N", "N")}, "names the test 'N' twice"),
        ({"block_days": 0.0}, "block_days positive"),
        ({"refit": timedelta(0)}, "give a positive length of time"),
    ],
)
def test_an_impossible_experiment_is_refused(experiment_of, changes, words):
    with pytest.raises(InputError, match=words):
        experiment_of(**changes)


def test_windows_are_sorted_and_not_repeated(experiment_of, daily):
    assert experiment_of(windows=daily(3)[::-1]).windows == daily(3)
    with pytest.raises(InputError, match="names the window .* twice"):
        experiment_of(windows=(*daily(2), daily(1)[0]))


def test_a_label_must_fit_a_file_name():
    with pytest.raises(InputError, match="the label 'a b' of a model"):
        ModelEntry("poisson", "a b")


@pytest.mark.parametrize(
    ("refit", "expected"),
    [(None, [0, 0, 0, 0, 0]), (1, [0, 1, 2, 3, 4]), (2, [0, 0, 2, 2, 4]), (timedelta(days=3), [0, 0, 0, 3, 3])],
)
def test_models_are_fitted_when_due(experiment_of, daily, refit, expected):
    windows = daily(5)
    times = experiment_of(windows=windows, refit=refit).fit_times
    assert times == tuple(windows[i].start for i in expected)


@given(
    days=st.floats(0.1, 40),
    step=st.floats(0.1, 40),
    n=st.integers(1, 60),
    refit=st.one_of(st.none(), st.integers(1, 9), st.floats(0.1, 50).map(lambda d: timedelta(days=d))),
)
@settings(max_examples=60, deadline=None)
def test_no_fit_is_ever_after_its_window_begins_nor_older_than_asked(experiment_of, daily, days, step, n, refit):
    experiment = experiment_of(windows=daily(n, days=days, step=step), refit=refit)
    times = experiment.fit_times
    assert len(times) == n and list(times) == sorted(times)
    for window, moment in zip(experiment.windows, times, strict=True):
        assert moment <= window.start
        if isinstance(refit, timedelta):
            assert window.start - moment < refit
    if isinstance(refit, int):
        assert all(times.count(moment) <= refit for moment in times)
    assert experiment.overlap == max(
        sum(w.start <= v.start < w.end for w in experiment.windows) for v in experiment.windows
    )


@pytest.mark.parametrize("kind", ["list", "rates"])
def test_parameters_of_the_experiment_reach_only_models_that_take_them(experiment_of, kind):
    experiment = experiment_of(
        models=(ModelEntry("etas", parameters={"n_catalogs": 300}), ModelEntry("poisson")),
        reference="poisson",
        training_start=datetime(2012, 1, 1, tzinfo=UTC),
        n_simulations=200 if kind == "list" else 0,
    )
    etas, poisson = (experiment.recipe(entry, 3.0) for entry in experiment.models)
    assert etas.n_catalogs == 300 and etas.start == poisson.start == experiment.training_start
    assert not hasattr(poisson, "n_catalogs")


def test_the_catalogue_is_completed_from_the_file_that_describes_it(catalog_file, catalog):
    end = datetime(2020, 1, 1, tzinfo=UTC)
    told = CatalogFile(str(catalog_file), source="us", licence="CC0", data_end=end, publication_delay_s=60.0)
    read = told.read().catalog
    assert read.provenance.source == "us" and read.provenance.licence == "CC0"
    assert read.provenance.data_end == end and read.time.max() < np.datetime64("2020-01-01")
    assert ((read.issued - read.time) == np.timedelta64(60, "s")).all()
    plain = CatalogFile(str(catalog_file)).read().catalog
    assert len(plain) == len(catalog) and plain.provenance.source == catalog_file.name


def test_errors_are_of_the_tree():
    for error in (ConfigError, RegionError, TimeError, UnknownNameError):
        assert issubclass(error, HoufengError)
