"""What is said beyond the limits of a model."""

import numpy as np
import pytest

from houfeng.shaking.distances import Distances
from houfeng.shaking.gmm import Source, models
from houfeng.shaking.gmm.bssa14 import BSSA14
from houfeng.shaking.sites import Sites


def place(far_km, vs30_mps) -> tuple[Distances, Sites]:
    far_km = np.asarray(far_km, float)
    distances = Distances(*(far_km for _ in range(6)))
    return distances, Sites.of(longitude=np.zeros(len(far_km)), latitude=np.zeros(len(far_km)), vs30_mps=vs30_mps)


@pytest.mark.parametrize("name", sorted(models()))
def test_inside_nothing_is_said(name):
    model = models()[name]()
    for regime in model.regimes:
        assert model.outside(Source(6.8, regime), *place([30.0, 250.0], [400.0, 800.0])) == ()


@pytest.mark.parametrize("name", sorted(models()))
def test_every_limit_is_watched(name):
    model = models()[name]()
    notes = model.outside(Source(9.5, model.regimes[0]), *place([10.0, 900.0, 950.0], [60.0, 400.0, 2500.0]))
    assert [note.quantity for note in notes] == ["magnitude", "distance", "vs30"]
    magnitude, distance, vs30 = notes
    assert (magnitude.found, magnitude.sites, magnitude.model) == ("9.5", 0, name)
    assert distance.found.endswith("950") and distance.sites >= 2
    assert (vs30.found, vs30.sites) == ("60 - 2500", 2)


def test_a_foreign_kind_of_earthquake_is_said():
    (note,) = BSSA14().outside(Source(9.5, "interface"), *place([9000.0], [400.0]))
    assert (note.quantity, note.found, note.allowed) == ("regime", "interface", "crustal")


def test_notes_read_well_in_both_languages():
    notes = BSSA14().outside(Source(9.0), *place([10.0, 500.0], [400.0, 400.0]))
    assert [note.text("en") for note in notes] == [
        "BSSA14 is made for magnitude 3 - 8.5, here 9: extrapolated.",
        "BSSA14 is made for distance (km) 0 - 400, here 500 - 500 at 1 sites: extrapolated.",
    ]
    assert [note.text("zh") for note in notes] == [
        "BSSA14 适用的震级为 3 - 8.5，此处为 9：属外推。",
        "BSSA14 适用的距离（公里）为 0 - 400，此处为 500 - 500（1 个场点）：属外推。",
    ]


@pytest.mark.parametrize(
    ("name", "rake_deg", "largest"),
    [("BSSA14", -90.0, 7.0), ("CB14", -90.0, 7.5), ("CB14", 90.0, 8.0), ("CB14", 0.0, 8.5)],
)
def test_some_kinds_of_slip_are_vouched_for_to_smaller_magnitudes(name, rake_deg, largest):
    model, where = models()[name](), place([30.0], [400.0])
    assert model.outside(Source(largest, rake_deg=rake_deg), *where) == ()
    (note,) = model.outside(Source(largest + 0.1, rake_deg=rake_deg), *where)
    assert note.quantity == "magnitude" and note.allowed.endswith(f"{largest:g}")
