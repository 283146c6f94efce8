"""The page on the adaptive model says what is so."""

import inspect
import re
from pathlib import Path

import pytest

from houfeng.models.adaptive import fit, laws, model, past
from houfeng.models.etas.edges import RAYS
from houfeng.models.etas.fit import FEWEST_TARGETS
from houfeng.models.etas.likelihood import NODE_ERROR

PAGE = Path(__file__).parents[3] / "docs" / "concepts" / "adaptive.md"


@pytest.fixture(scope="module")
def text():
    return PAGE.read_text(encoding="utf-8")


def test_its_features_are_those_of_the_model(text):
    assert tuple(re.findall(r"^\| `(\w+)` \|", text, re.M)) == laws.FEATURE_NAMES


def test_its_numbers_are_those_in_force(text):
    s = past.Smoothing(1.0, 1.0)
    assert (s.fade_days, s.active_days, s.neighbours) == (3652.5, 365.25, 3)
    assert "/ 10 years)" in text
    assert "T one year" in text
    assert "third nearest" in text
    assert s.even_share == 0.005
    assert "half a percent" in text
    assert f"b(t) = {s.steady_share:g} + {1 - s.steady_share:g} (" in text
    assert past.PACED == 10
    assert "last ten such gaps" in text
    assert (fit.MOST_PASSES, fit.SETTLED) == (8, 5e-4)
    assert "at most eight times" in text
    assert "5·10⁻⁴ nats" in text
    assert f"Fewer than {FEWEST_TARGETS} earthquakes" in text
    assert f"of times {model.PARAMETER_DRAWS} times" in text
    assert NODE_ERROR == 2e-5
    assert "2·10⁻⁵" in text
    assert f"{RAYS} rays" in text


def test_every_reference_has_a_doi_and_links_lead_somewhere(text):
    found = re.findall(r"\[(10\.[^\]]+)\]\(https://doi\.org/([^)]+)\)", text)
    assert len(found) >= 5
    assert all(shown == linked for shown, linked in found)
    for link in re.findall(r"\]\((\w+\.md)\)", text):
        assert (PAGE.parent / link).exists()


def test_what_it_cites_is_what_the_code_cites(text):
    code = inspect.getsource(laws) + inspect.getsource(past) + (inspect.getdoc(inspect.getmodule(model)) or "")
    code += Path(inspect.getfile(laws)).with_name("__init__.py").read_text(encoding="utf-8")
    assert set(re.findall(r"doi:(10\.[\w./-]+\w)", code)) <= set(re.findall(r"doi\.org/(10\.[\w./-]+\w)", text))
