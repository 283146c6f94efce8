import subprocess
import sys
from importlib import import_module

import pytest

from houfeng.errors import InputError, UnknownNameError
from houfeng.models.base import Model
from houfeng.models.registry import create_model, model_class, model_names


@pytest.mark.parametrize("name", model_names())
def test_each_name_is_the_name_of_its_class(name):
    cls = model_class(name)
    assert issubclass(cls, Model)
    assert cls.name == name
    assert cls.reference
    assert create_model(name, min_magnitude=4.5).min_magnitude == 4.5


def test_no_model_is_left_out():
    for name in model_names():
        import_module(model_class(name).__module__)

    def leaves(cls):
        below = [each for each in cls.__subclasses__() if each.__module__.startswith("houfeng.")]
        return {cls} if not below else set().union(*map(leaves, below))

    assert leaves(Model) == {model_class(name) for name in model_names()}


def test_an_unknown_model_is_named_with_a_guess():
    with pytest.raises(UnknownNameError, match="did you mean 'poisson'"):
        create_model("poison", min_magnitude=4.5)


def test_an_unknown_parameter_is_named_with_a_guess():
    with pytest.raises(UnknownNameError, match="did you mean 'neighbours'"):
        create_model("smoothed", min_magnitude=4.5, neighbors=(3,))


@pytest.mark.parametrize("magnitude", [4.55, -3.0, 12.0, float("nan")])
def test_a_minimum_magnitude_off_the_bins_is_refused(magnitude):
    with pytest.raises(InputError, match="min_magnitude"):
        create_model("poisson", min_magnitude=magnitude)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("smoothed", {"neighbours": ()}),
        ("smoothed", {"rho": 0.7}),
        ("smoothed", {"min_bandwidth_km": 0.0}),
        ("smoothed", {"min_bandwidth_km": "five"}),
        ("reasenberg-jones", {"p_sd": -1.0}),
        ("reasenberg-jones", {"regime": "MOON"}),
    ],
)
def test_impossible_parameters_are_refused(name, parameters):
    with pytest.raises(InputError):
        create_model(name, min_magnitude=4.5, **parameters)


def test_listing_the_names_imports_no_numba():
    code = (
        "import sys; from houfeng.models.registry import model_names; model_names(); sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
