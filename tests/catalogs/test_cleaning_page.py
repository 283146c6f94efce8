"""The page on cleaning says what is so."""

import inspect
import re
from pathlib import Path

import pytest

from houfeng.catalogs.cleaning import DEEPEST_KM, LARGEST
from houfeng.catalogs.formats import READ_ONLY
from houfeng.catalogs.moment_proxies import REGRESSIONS
from houfeng.catalogs.twins import Windows
from houfeng.cli.clean import clean

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "clean-a-catalogue.md").read_text(encoding="utf-8")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # ObsPy's, on import
def test_its_examples_run(capsys):
    clean_up, exchange = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    names = {}
    exec(compile(clean_up, "clean-a-catalogue.md", "exec"), names)
    assert "{'same earthquake as in world': 4796}" in capsys.readouterr().out
    pytest.importorskip("obspy", reason="ObsPy is not installed: pip install 'houfeng[obspy]'")
    exec(compile(exchange, "clean-a-catalogue.md", "exec"), names)
    assert "events, M8.0 to M9.1" in capsys.readouterr().out


def test_its_tables_are_those_of_the_code():
    for line in REGRESSIONS:
        formula = (
            f"| {line.scale} | {line.low:.1f} to {line.high:.1f} | {line.slope:g} {line.scale} + {line.intercept:g} |"
        )
        assert f"{formula} {line.sigma:.2f} |" in PAGE
    for known in READ_ONLY:
        assert f"| `{known.name}` |" in PAGE


def test_its_windows_and_limits_are_those_of_the_code_and_the_command():
    w = Windows()
    assert f"within {w.own_time_s:g} s, {w.own_distance_km:g} km and {w.own_magnitude:g} of magnitude" in PAGE
    assert f"within {w.time_s:g} s, {w.distance_km:g} km and {w.magnitude:.1f}" in PAGE
    assert f"larger than magnitude {LARGEST}" in PAGE and f"over {DEEPEST_KM:g} km" in PAGE
    defaults = {name: one.default for name, one in inspect.signature(clean).parameters.items()}
    for name in Windows.__dataclass_fields__:
        assert defaults[name] == getattr(w, name)
