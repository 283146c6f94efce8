"""The page on features says what the code says, and its example runs."""

import re
from pathlib import Path

import pytest

from houfeng.features.maps import PixelCounts
from houfeng.features.seismicity import standard_features
from houfeng.features.sequences import COLUMNS

PAGE = Path(__file__).parents[2] / "docs" / "concepts" / "features.md"


def tables() -> dict[str, list[str]]:
    """Rows of the tables of the page, by what they are of."""
    lineage = [(name, entry) for feature in standard_features(2.5) for name, entry in feature.lineage.items()]
    maps = PixelCounts((2.5, 4.0)).lineage.items()
    return {
        "standard": [f"| `{name}` | {entry.unit} | {entry.meaning} |" for name, entry in lineage],
        "maps": [f"| `{name}` | {entry.unit} | {entry.meaning} |" for name, entry in maps],
        "sequences": [f"| `{name}` | {unit} |" for name, unit in COLUMNS.items()],
    }


@pytest.mark.parametrize("which", ["standard", "maps", "sequences"])
def test_every_column_is_on_the_page_as_it_is(which):
    text = PAGE.read_text(encoding="utf-8")
    expected = "\n".join(tables()[which])
    assert f"|\n{expected}\n\n" in text, f"the table should be:\n{expected}"


def test_the_example_runs(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(code, str(PAGE), "exec"), {})
    assert "(14, 7682, 40)" in capsys.readouterr().out
