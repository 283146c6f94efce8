"""Our models against numbers that other people's programs give for the same papers."""

import json
from pathlib import Path

import numpy as np
import pytest

from houfeng.shaking.distances import Distances
from houfeng.shaking.gmm import Source, find_model
from houfeng.shaking.sites import Sites

GOLDEN = Path(__file__).parents[2] / "golden"
SOURCE_NAMES = ("magnitude", "dip_deg", "rake_deg", "ztor_km", "width_km", "hypocentre_depth_km")


def golden(name: str) -> dict:
    return json.loads((GOLDEN / f"gmm_{name}.json").read_text(encoding="utf-8"))


def crustal_motion(name: str, case: dict, measures: tuple[str, ...]):
    source = Source(**{key: case[key] for key in SOURCE_NAMES})
    columns = (case["rrup_km"], case["rjb_km"], case["rx_km"], case["ry0_km"], case["rrup_km"], case["rjb_km"])
    distances = Distances(*(np.array([value]) for value in columns))
    sites = Sites.of(longitude=0.0, latitude=0.0, vs30_mps=case["vs30_mps"])
    return find_model(name)(region=case["region"]).motion(source, distances, sites, measures)


@pytest.mark.parametrize("name", ["BSSA14", "ASK14", "CB14"])
def test_crustal_models_give_the_numbers_of_pygmm(name):
    told = golden(name.lower())
    assert len(told["cases"]) >= 70
    measures = tuple(told["measures"])
    for case in told["cases"]:
        found = crustal_motion(name, case, measures)
        np.testing.assert_allclose(found.mean_ln[0], case["mean_ln"], atol=2e-7, err_msg=str(case))
        np.testing.assert_allclose(found.between[0], case["tau"], atol=2e-7, err_msg=str(case))
        np.testing.assert_allclose(found.within[0], case["phi"], atol=2e-7, err_msg=str(case))


def subduction_motion(name: str, case: dict, measures: tuple[str, ...]):
    source = Source(magnitude=case["magnitude"], regime=case["regime"], hypocentre_depth_km=case["hypocentre_depth_km"])
    # The distance that the kind of event does not use is nonsense on purpose.
    far, reach = np.array([9e9]), np.array([case["reach_km"]])
    rrup, rhyp = (far, reach) if case["regime"] == "slab" else (reach, far)
    distances = Distances(rrup, far, far, far, rhyp, far)
    sites = Sites.of(longitude=0.0, latitude=0.0, vs30_mps=case["vs30_mps"])
    return find_model(name)(backarc=case["backarc"]).motion(source, distances, sites, measures)


def test_bc_hydro_gives_the_numbers_of_pygmm():
    told = golden("aga16")
    measures = tuple(told["measures"])
    assert {case["regime"] for case in told["cases"]} == {"interface", "slab"}
    for case in told["cases"]:
        found = subduction_motion("AGA16", case, measures)
        np.testing.assert_allclose(found.mean_ln[0], case["mean_ln"], atol=2e-7, err_msg=str(case))
        # Table 3 of the paper: the same at all periods.
        np.testing.assert_array_equal(found.between, np.full((1, len(measures)), 0.43))
        np.testing.assert_array_equal(found.within, np.full((1, len(measures)), 0.6))


def test_the_chilean_model_gives_the_numbers_of_an_independent_program():
    told = golden("montalva17")
    measures = tuple(told["measures"])
    for case in told["cases"]:
        found = subduction_motion("Montalva17", case, measures)
        np.testing.assert_allclose(found.mean_ln[0], case["mean_ln"], atol=2e-7, err_msg=str(case))
        np.testing.assert_allclose(found.between[0], case["tau"], atol=2e-7)
        np.testing.assert_allclose(found.within[0], case["phi"], atol=2e-7)
