"""The lexicon: names once, ranges that mean something, and a catalogue that keeps to it."""

from datetime import UTC, datetime

import numpy as np
import pytest

from houfeng.catalogs.catalog import COLUMNS, Catalog
from houfeng.catalogs.delimited import ALIASES
from houfeng.errors import CatalogError
from houfeng.lexicon import CATALOG, FORECAST, Term
from houfeng.values import Provenance

PROVENANCE = Provenance("x", "y", datetime(2021, 1, 1, tzinfo=UTC))
BOUNDED = [term for term in CATALOG if np.isfinite(term.low)]


def catalog_with(**columns) -> Catalog:
    usual = {"longitude": [10.0], "latitude": [20.0], "magnitude": [5.0], "depth_km": [7.0]}
    return Catalog.of(time=np.array(["2020-01-01"], "M8[us]"), provenance=PROVENANCE, **usual | columns)


@pytest.mark.parametrize("table", [CATALOG, FORECAST], ids=["catalogue", "forecast"])
def test_every_name_is_said_once_and_explained(table):
    assert len({term.name for term in table}) == len(table)
    for term in table:
        assert term.name.isidentifier() and term.name == term.name.lower()
        assert term.meaning and term.source and term.low < term.high
        np.dtype(term.dtype)


def test_a_name_in_both_tables_has_the_same_unit_and_kind():
    places = {term.name: term for term in CATALOG}
    for term in FORECAST:
        if term.name in places:
            assert (term.unit, term.dtype) == (places[term.name].unit, places[term.name].dtype)


@pytest.mark.parametrize("term", [*CATALOG, *FORECAST], ids=lambda term: term.name)
def test_a_unit_outside_the_si_stands_in_the_name(term):
    for unit in ("km", "days", "km2"):
        assert (term.unit == unit) == term.name.endswith(f"_{unit}")


def test_terms_are_frozen_and_unbounded_unless_said():
    term = Term("a", "", "float64", "meaning")
    assert (term.low, term.high, term.source) == (-np.inf, np.inf, "Houfeng")
    with pytest.raises(AttributeError):
        term.low = 0


def test_a_catalogue_has_the_columns_of_the_lexicon_in_its_kinds():
    assert tuple(term.name for term in CATALOG) == COLUMNS
    for term in CATALOG:
        assert catalog_with().columns[term.name].dtype == np.dtype(term.dtype), term.name


def test_every_column_that_readers_look_for_is_in_the_lexicon():
    assert set(ALIASES) - {"event_type"} == set(COLUMNS)
    for term in CATALOG:
        assert term.name in ALIASES[term.name]


@pytest.mark.parametrize("term", [term for term in BOUNDED if term.name != "longitude"], ids=lambda term: term.name)
def test_the_limits_are_allowed_and_just_beyond_them_nothing_is(term):
    for limit in (term.low, term.high):
        assert catalog_with(**{term.name: [limit]}).columns[term.name][0] == limit
    for beyond in (np.nextafter(term.low, -np.inf), np.nextafter(term.high, np.inf)):
        with pytest.raises(CatalogError, match=rf"{term.name} of row 0 .* allowed: {term.low:g} to {term.high:g}"):
            catalog_with(**{term.name: [beyond]})


def test_only_depths_may_be_unknown():
    assert np.isnan(catalog_with(depth_km=[np.nan]).depth_km[0])
    for name in ("longitude", "latitude", "magnitude"):
        with pytest.raises(CatalogError, match=name):
            catalog_with(**{name: [np.nan]})


def test_longitudes_are_turned_into_range_and_never_refused():
    for given, kept in ((180.0, -180.0), (190.0, -170.0), (360.0, 0.0), (-180.0, -180.0), (-181.0, 179.0)):
        assert catalog_with(longitude=[given]).longitude[0] == kept
