"""The page about damage: its example runs, and its table of scales is the one in the code."""

import re
from pathlib import Path

from houfeng.damage.states import EMS98, GBT24335, HAZUS

PAGE = (Path(__file__).parents[2] / "docs" / "concepts" / "damage.md").read_text(encoding="utf-8")


def test_the_example_runs(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(code, "damage.md", "exec"), {})
    out = capsys.readouterr().out
    assert out.count("Estimate(") == 4


def test_the_table_of_scales_is_that_of_the_code():
    rows = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]
    rows = [row for row in rows if row[0] in HAZUS.keys]
    assert [row[0] for row in rows] == list(HAZUS.keys)
    assert [row[2] for row in rows] == [state.names["zh"] for state in GBT24335.states]
    for number, row in enumerate(rows):
        grades = [EMS98.keys[grade] for grade, state in enumerate(HAZUS.from_ems) if state == number]
        assert all(grade in row[1] for grade in grades)
