"""The catalogue: sorted, frozen, narrowed without being changed, and blind to the future."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.catalogs.catalog import COLUMNS, Catalog, Event
from houfeng.errors import CatalogError, MissingExtraError, TimeError
from houfeng.lexicon import CATALOG
from houfeng.regions import Region
from houfeng.times import from_datetime64, to_datetime64
from houfeng.values import Provenance

START = datetime(2015, 1, 1, tzinfo=UTC)
END = datetime(2016, 1, 1, tzinfo=UTC)
PROVENANCE = Provenance("simulated", "none", END)


def random_catalog(seed, n=40, *, delays=True):
    """Events of 2015 in random order, each issued some time after its origin."""
    rng = np.random.default_rng(seed)
    time = to_datetime64(START) + rng.integers(0, 365 * 86_400, n) * np.timedelta64(1_000_000, "us")
    issued = time + rng.integers(0, 40 * 86_400, n) * np.timedelta64(1_000_000, "us")
    return Catalog.of(
        time=time,
        longitude=rng.uniform(-180, 180, n),
        latitude=rng.uniform(-90, 90, n),
        depth_km=np.where(rng.random(n) < 0.2, np.nan, rng.uniform(0, 700, n)),
        magnitude=np.round(rng.uniform(4, 9, n), 1),
        magnitude_type=np.array(["mw"] * n, object),
        event_id=np.array([f"id{i}" for i in range(n)], object),
        issued=issued if delays else None,
        provenance=PROVENANCE,
    )


def two(**columns):
    """A catalogue of two events, with some of its columns replaced."""
    given_columns = {
        "time": np.array(["2015-09-16T22:54:32.86", "2015-09-16T23:18:41"], "datetime64[us]"),
        "longitude": [-71.67, -71.4],
        "latitude": [-31.57, -31.6],
        "magnitude": [8.3, 7.0],
        "provenance": PROVENANCE,
    }
    return Catalog.of(**given_columns | columns)


SEEDS = st.integers(0, 2**32 - 1)
MOMENTS = st.datetimes(datetime(2014, 12, 1), datetime(2016, 3, 1), timezones=st.just(UTC))


# -- building -----------------------------------------------------------------------------------------------


@given(SEEDS)
def test_always_sorted_with_rows_kept_together(seed):
    rng = np.random.default_rng(seed)
    catalog = random_catalog(seed)
    assert (np.diff(catalog.time) >= np.timedelta64(0)).all()
    shuffled = rng.permutation(len(catalog))
    again = Catalog(**{k: v[shuffled] for k, v in catalog.columns.items()}, provenance=PROVENANCE)
    magnitude_of = dict(zip(catalog.event_id, catalog.magnitude, strict=True))
    assert [magnitude_of[name] for name in again.event_id] == again.magnitude.tolist()
    assert (again.time == catalog.time).all()


def test_ties_keep_their_order():
    time = np.array(["2015-09-17", "2015-09-16", "2015-09-16", "2015-09-16"], "datetime64[us]")
    catalog = Catalog.of(time=time, longitude=[0] * 4, latitude=[0] * 4, magnitude=[5, 6, 7, 8], provenance=PROVENANCE)
    assert catalog.magnitude.tolist() == [6, 7, 8, 5]


def test_what_is_not_given_is_unknown():
    catalog = two()
    assert np.isnan(catalog.depth_km).all()
    assert catalog.magnitude_type.tolist() == ["", ""]
    assert len(set(catalog.event_id)) == 2
    assert (catalog.issued - catalog.time == np.timedelta64(20, "m")).all()


def test_columns_are_those_of_the_lexicon():
    assert tuple(term.name for term in CATALOG) == COLUMNS == tuple(two().columns)
    for term in CATALOG:
        assert two().columns[term.name].dtype == np.dtype(term.dtype)


def test_longitudes_come_into_range():
    catalog = two(longitude=[180.0, -180.0])
    assert catalog.longitude.tolist() == [-180, -180]


def test_nothing_is_a_catalogue_too():
    empty = Catalog.empty(PROVENANCE)
    assert len(empty) == 0
    assert list(empty) == []
    assert "0 events" in repr(empty)
    for narrowed in (empty.above(5), empty.within(Region.named("chile")), empty.before(END), empty.as_of(START)):
        assert len(narrowed) == 0


def test_arrays_cannot_be_written_to():
    catalog = random_catalog(1)
    for column in catalog.columns.values():
        with pytest.raises(ValueError, match="read-only"):
            column[0] = column[1]
    with pytest.raises(AttributeError):
        catalog.magnitude = np.zeros(len(catalog))


def test_the_caller_keeps_the_right_to_its_own_arrays():
    magnitude = np.array([8.3, 7.0])
    catalog = two(magnitude=magnitude)
    magnitude[0] = 5.0
    assert catalog.magnitude.tolist() == [8.3, 7.0]


# -- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [("magnitude", [8.3, 10.1], r"magnitude of row 1 \(event1\) is 10.1; allowed: -5 to 9.9"),
     ("magnitude", [float("nan"), 5], "magnitude of row 0"),
     ("latitude", [0, 90.5], r"latitude of row 1 .* allowed: -90 to 90"),
     ("longitude", [float("nan"), 0], "longitude of row 0"),
     ("longitude", [float("inf"), 0], "longitude of row 0"),
     ("depth_km", [10, 900], r"depth_km of row 1 .* allowed: -10 to 800"),
     ("time", np.array(["NaT", "2015-09-16"], "datetime64[us]"), "time of row 0 .* a real UTC time"),
     ("magnitude", [8.3], r"column magnitude has shape \(1,\), expected \(2,\)"),
     ("magnitude", [[8.3, 7.0]], "column magnitude has shape")],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:invalid value encountered in remainder:RuntimeWarning")
def test_errors_name_the_row_and_what_is_allowed(column, values, message):
    with pytest.raises(CatalogError, match=message):
        two(**{column: values})


def test_unknown_depths_are_allowed():
    assert np.isnan(two(depth_km=[np.nan, 10.0]).depth_km[0])


def test_no_event_is_issued_before_it_happens():
    issued = np.array(["2015-09-16T22:54:32", "2015-09-17"], "datetime64[us]")
    with pytest.raises(CatalogError, match=r"event event0 \(row 0\) was issued before it happened"):
        two(issued=issued)


# -- narrowing ----------------------------------------------------------------------------------------------


@given(SEEDS, st.integers(40, 90))
def test_above_keeps_exactly_the_larger_ones(seed, tenths):
    catalog = random_catalog(seed)
    kept = catalog.above(tenths / 10)
    assert kept.magnitude.tolist() == catalog.magnitude[np.rint(catalog.magnitude * 10) >= tenths].tolist()
    assert kept is not catalog


def test_above_forgives_rounding():
    assert len(two(magnitude=[4.5 - 1e-12, 4.4999]).above(4.5)) == 1


@given(SEEDS, MOMENTS, MOMENTS)
def test_between_is_half_open_and_before_is_its_half(seed, one, other):
    catalog = random_catalog(seed)
    start, end = sorted((one, other))
    if start == end:
        with pytest.raises(TimeError):
            catalog.between(start, end)
        return
    expected = [i for i in range(len(catalog)) if start <= from_datetime64(catalog.time[i]) < end]
    assert catalog.between(start, end).event_id.tolist() == catalog.event_id[expected].tolist()
    assert len(catalog.before(end)) - len(catalog.before(start)) == len(expected)


def test_between_takes_the_first_moment_and_not_the_last():
    catalog = two()
    first, last = (from_datetime64(moment) for moment in catalog.time)
    assert len(catalog.between(first, last)) == 1
    assert catalog.between(first, last).magnitude[0] == 8.3
    assert len(catalog.before(first)) == 0


def test_within_looks_at_place_and_depth():
    region = Region.box("box", west=-72, south=-32, east=-71, north=-31, depth_max_km=50)
    assert len(two(depth_km=[22.0, 51.0]).within(region)) == 1
    assert len(two(depth_km=[np.nan, 50.0]).within(region)) == 2
    assert len(two(longitude=[-73.0, -71.4]).within(region)) == 1


@given(SEEDS, st.lists(st.booleans(), min_size=40, max_size=40))
def test_select_by_mask_or_by_rows(seed, mask):
    catalog = random_catalog(seed)
    mask = np.array(mask)
    by_mask, by_rows = catalog.select(mask), catalog.select(np.flatnonzero(mask))
    for name in COLUMNS:
        np.testing.assert_array_equal(by_mask.columns[name], by_rows.columns[name])
        np.testing.assert_array_equal(by_mask.columns[name], catalog.columns[name][mask])


@given(SEEDS)
def test_narrowing_changes_neither_the_catalogue_nor_its_provenance(seed):
    catalog = random_catalog(seed)
    before = {name: column.copy() for name, column in catalog.columns.items()}
    for narrowed in (catalog.above(6), catalog.before(END), catalog.within(Region.named("chile"))):
        assert narrowed.provenance == catalog.provenance
    catalog.as_of(START + timedelta(days=100))
    for name, column in before.items():
        np.testing.assert_array_equal(catalog.columns[name], column)


@given(SEEDS, st.integers(40, 90), MOMENTS)
def test_the_order_of_narrowing_does_not_matter(seed, tenths, moment):
    catalog = random_catalog(seed)
    one = catalog.above(tenths / 10).before(moment).as_of(moment)
    other = catalog.as_of(moment).before(moment).above(tenths / 10)
    assert one.event_id.tolist() == other.event_id.tolist()
    assert one.provenance == other.provenance


# -- knowledge ----------------------------------------------------------------------------------------------


@settings(max_examples=200)
@given(SEEDS, MOMENTS)
def test_as_of_never_shows_what_was_issued_later(seed, moment):
    catalog = random_catalog(seed)
    known = catalog.as_of(moment)
    assert (known.issued <= to_datetime64(moment)).all()
    assert (known.time <= to_datetime64(moment)).all()
    assert known.provenance.data_end == min(moment, END)
    hidden = set(catalog.event_id) - set(known.event_id)
    late = {str(i) for i in catalog.event_id[catalog.issued > to_datetime64(moment)]}
    assert hidden == late


@given(SEEDS, MOMENTS, MOMENTS)
def test_what_was_once_hidden_stays_hidden(seed, one, other):
    catalog = random_catalog(seed)
    twice, once = catalog.as_of(one).as_of(other), catalog.as_of(min(one, other))
    assert twice.event_id.tolist() == once.event_id.tolist()
    assert twice.provenance == once.provenance


@given(SEEDS, MOMENTS, MOMENTS)
def test_knowledge_only_grows(seed, one, other):
    catalog = random_catalog(seed)
    earlier, later = sorted((one, other))
    assert set(catalog.as_of(earlier).event_id) <= set(catalog.as_of(later).event_id)


def test_as_of_at_the_very_moment_of_issue():
    catalog = two()
    issue = from_datetime64(catalog.issued[0])
    assert len(catalog.as_of(issue)) == 1
    assert len(catalog.as_of(issue - timedelta(microseconds=1))) == 0


def test_as_of_needs_a_zone():
    with pytest.raises(TimeError, match="as-of"):
        two().as_of(datetime(2015, 9, 17))


@given(SEEDS, st.integers(0, 10**7))
def test_delaying_delays(seed, seconds):
    catalog = random_catalog(seed)
    later = catalog.delayed(timedelta(seconds=seconds))
    assert (later.issued - catalog.time == np.timedelta64(seconds, "s")).all()
    assert later.provenance.publication_delay_s == seconds
    assert (later.time == catalog.time).all()


# -- for people ---------------------------------------------------------------------------------------------


def test_one_row_as_an_event():
    event = two(depth_km=[22.4, 10.0], magnitude_type=["mww", "mww"], event_id=["us20003k7a", "x"]).event(0)
    moment = datetime(2015, 9, 16, 22, 54, 32, 860000, UTC)
    assert event == Event("us20003k7a", moment, -71.67, -31.57, 22.4, 8.3, "mww")
    assert [e.magnitude for e in two()] == [8.3, 7.0]


def test_repr_tells_number_span_and_source():
    assert "2 events, M7.0 to M8.3, 2015-09-16T22:54:32" in repr(two())
    assert "simulated" in repr(two())


def test_without_pandas_the_exit_to_it_says_what_to_install(monkeypatch):
    import builtins

    real = builtins.__import__

    def refuse(name, *rest, **named):
        if name == "pandas":
            raise ImportError("No module named 'pandas'")
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingExtraError, match="pip install pandas"):
        Catalog.empty(PROVENANCE).to_pandas()


def test_with_pandas_the_times_are_aware():
    pandas = pytest.importorskip("pandas")
    frame = random_catalog(3).to_pandas()
    assert isinstance(frame, pandas.DataFrame) and len(frame) == 40
    assert str(frame["time"].dt.tz) == str(frame["issued"].dt.tz) == "UTC"
