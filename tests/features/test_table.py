"""The as-of table: shapes, joining, files, and no view of the future."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import FutureError, InputError, SourceError, UnknownNameError
from houfeng.features.base import Lineage, from_catalogue
from houfeng.features.proof import prove, with_false_future
from houfeng.features.rates import Rates
from houfeng.features.seismicity import standard_features
from houfeng.features.table import FeatureTable, build_table
from houfeng.times import from_datetime64
from tests.features.simulated import BOX, some_catalog, weekly

GRID = BOX.grid()
SEEDS = st.integers(0, 2**32 - 1)


@dataclass(frozen=True)
class Largest:
    """A feature without a sweep: the largest magnitude known."""

    names = ("largest",)
    lineage = {"largest": from_catalogue("largest magnitude known", "magnitude units")}

    def compute(self, known, at, grid):
        return np.full((len(grid), 1), known.magnitude.max(initial=0.0))


@dataclass(frozen=True)
class Cheat(Largest):
    """One that carries the whole catalogue in its pocket."""

    everything: Catalog

    def compute(self, known, at, grid):
        return super().compute(self.everything, at, grid)


def small_table(**changes):
    columns = {"a": np.arange(2 * len(GRID)).reshape(2, -1), "b": np.full((2, len(GRID)), np.nan)}
    lineage = {name: Lineage("test", f"meaning of {name}", "1") for name in columns}
    given_arguments = {"times": weekly(2), "grid": GRID, "columns": columns, "lineage": lineage}
    return FeatureTable(**given_arguments | changes)


def test_every_moment_sees_what_had_been_issued_by_then_and_nothing_else():
    catalog, times = some_catalog(1), weekly(6, "2015-12-01")
    table = build_table(catalog, GRID, times, [Largest(), Rates(2.5, (30.0,), (30.0, 365.0))])
    for row, moment in enumerate(times):
        known = catalog.select(catalog.issued <= moment)
        assert (table.columns["largest"][row] == np.float32(known.magnitude.max())).all()
        alone = Rates(2.5, (30.0,), (30.0, 365.0)).compute(known, from_datetime64(moment), GRID)
        for k, name in enumerate(Rates(2.5, (30.0,), (30.0, 365.0)).names):
            assert np.array_equal(table.columns[name][row], alone[:, k])


@settings(max_examples=10)
@given(SEEDS)
def test_the_standard_features_pass_the_proof(seed):
    prove(some_catalog(seed), GRID, weekly(2), standard_features(2.5), np.random.default_rng(seed))


def test_a_feature_that_looks_ahead_is_caught():
    catalog = some_catalog(3)
    with pytest.raises(FutureError, match="the feature largest at or before 2016-06-01"):
        prove(catalog, GRID, weekly(2), lambda world: [Cheat(world)], np.random.default_rng(1))
    prove(catalog, GRID, weekly(2), lambda world: [Largest()], np.random.default_rng(1))


def test_the_false_future_is_unknown_at_its_moment_and_holds_what_happened_before():
    catalog, moment = some_catalog(3), weekly(1)[0]
    world = with_false_future(catalog, GRID, moment, np.random.default_rng(1))
    made_up = np.array([name.startswith("fabricated") for name in world.event_id])
    assert (world.issued[made_up] > moment).all()
    assert (world.time[made_up] < moment).any() and (world.time[made_up] > moment).any()
    later = world.select(~made_up)
    assert (later.issued > catalog.issued).any() and (later.magnitude != catalog.magnitude).any()
    known, real = world.as_of(from_datetime64(moment)), catalog.as_of(from_datetime64(moment))
    for name, column in known.columns.items():
        assert np.array_equal(column, real.columns[name], equal_nan=name == "depth_km")


def test_progress_is_told_and_the_lineage_names_the_catalogue():
    told, catalog = [], some_catalog(1)
    table = build_table(catalog, GRID, weekly(3), [Largest()], progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 3), (2, 3), (3, 3)]
    entry = table.lineage["largest"]
    assert (entry.source, entry.licence, entry.unit) == ("simulated catalogue", "none", "magnitude units")
    assert entry.latest_issued == from_datetime64(catalog.issued[catalog.issued <= table.times[-1]].max())


def test_the_matrix_goes_through_the_cells_of_a_moment_first():
    table = small_table()
    matrix = table.matrix(["b", "a"])
    assert matrix.shape == (2 * len(GRID), 2) and matrix.dtype == np.float32
    assert matrix[:, 1].tolist() == list(range(2 * len(GRID))) and np.isnan(matrix[:, 0]).all()
    assert table.matrix().shape == table.matrix(["a", "b"]).shape
    assert table.shape == (2, len(GRID), 2) and table.names_with_values() == ("a",)


def test_columns_and_rows_are_chosen_by_name_and_time():
    table = small_table()
    assert table.select(["b"]).names == ("b",)
    with pytest.raises(UnknownNameError, match="unknown column 'aa'; did you mean 'a'"):
        table.select(["aa"])
    middle = from_datetime64(table.times[1])
    assert table.before(middle).times.tolist() == table.times[:1].tolist()
    assert table.since(middle).times.tolist() == table.times[1:].tolist()
    assert table.since(middle).columns["a"][0, 0] == len(GRID)


def test_rows_of_an_earlier_time_do_not_claim_to_rest_on_later_issues():
    late = Lineage("test", "m", "1", latest_issued=from_datetime64(weekly(2)[1]))
    table = small_table(lineage={"a": late, "b": late})
    first = table.before(from_datetime64(weekly(2)[1]))
    assert first.lineage["a"].latest_issued == from_datetime64(weekly(2)[0])


def test_joined_tables_have_the_columns_of_both():
    one, other = small_table().select(["a"]), small_table(left_out=("layer 'rain' is left out",)).select(["b"])
    both = one.joined(other)
    assert both.names == ("a", "b") and both.left_out == other.left_out
    with pytest.raises(InputError, match="both tables have the columns a"):
        both.joined(one)
    with pytest.raises(InputError, match="different moments"):
        one.joined(other.rows(slice(0, 1)))
    from houfeng.regions import Region

    elsewhere = Region.box("e", west=10, south=10, east=12, north=12, cell_deg=0.25).grid()
    with pytest.raises(InputError, match="different cells"):
        one.joined(FeatureTable(one.times, elsewhere, {}, {}))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"columns": {"a": np.zeros((1, 1))}}, InputError, "has shape"),
        ({"columns": {"c": np.zeros((2, len(GRID)))}}, InputError, "no lineage"),
        ({"columns": {"a": np.full((2, len(GRID)), np.inf)}}, InputError, "infinite"),
        ({"times": weekly(2)[::-1]}, InputError, "one after another"),
        ({"times": np.array(["NaT", "2016-01-01"], "datetime64[us]")}, InputError, "real times"),
        (
            {"lineage": dict.fromkeys("ab", Lineage("t", "m", "1", latest_issued=datetime(2030, 1, 1, tzinfo=UTC)))},
            FutureError,
            "issued 2030-01-01",
        ),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(changes, error, message):
    with pytest.raises(error, match=message):
        small_table(**changes)


def test_a_name_that_stands_twice_and_a_wrong_shape_are_refused():
    with pytest.raises(InputError, match="largest stand twice"):
        build_table(some_catalog(1), GRID, weekly(1), [Largest(), Largest()])

    class Wrong(Largest):
        def compute(self, known, at, grid):
            return np.zeros(len(grid))

    with pytest.raises(InputError, match="expected"):
        build_table(some_catalog(1), GRID, weekly(1), [Wrong()])


@given(SEEDS)
@settings(max_examples=10)
def test_a_saved_table_comes_back(tmp_path_factory, seed):
    rng = np.random.default_rng(seed)
    columns = {"größe": rng.normal(size=(2, len(GRID))), "b": np.full((2, len(GRID)), np.nan)}
    issued = from_datetime64(weekly(1)[0])
    lineage = {name: Lineage("测试", "meaning", "km", "CC0", issued if name == "b" else None) for name in columns}
    table = FeatureTable(weekly(2), GRID, columns, lineage, ("layer 'x' is left out",))
    path = tmp_path_factory.mktemp("table") / "table.npz"
    table.save(path)
    again = FeatureTable.load(path)
    assert again.names == table.names and again.lineage == table.lineage and again.left_out == table.left_out
    assert np.array_equal(again.times, table.times) and np.array_equal(again.grid.west, GRID.west)
    assert np.array_equal(again.matrix(), table.matrix(), equal_nan=True)
    assert [file.name for file in path.parent.iterdir()] == ["table.npz"]


def test_a_missing_or_damaged_file_is_named(tmp_path):
    with pytest.raises(SourceError, match="cannot read the table of features .*none.npz"):
        FeatureTable.load(tmp_path / "none.npz")
    (tmp_path / "bad.npz").write_bytes(b"not a zip file")
    with pytest.raises(SourceError, match="bad.npz is no table of features"):
        FeatureTable.load(tmp_path / "bad.npz")
    small_table().save(tmp_path / "cut.npz")
    (tmp_path / "cut.npz").write_bytes((tmp_path / "cut.npz").read_bytes()[:-200])
    with pytest.raises(SourceError, match="cut.npz is no table of features"):
        FeatureTable.load(tmp_path / "cut.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(SourceError, match="other.npz is no table of features"):
        FeatureTable.load(tmp_path / "other.npz")
    with pytest.raises(SourceError, match="cannot write"):
        small_table().save(tmp_path / "no" / "where.npz")
