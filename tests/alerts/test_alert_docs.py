"""The pages on alerts say what is so."""

import re
from pathlib import Path

import pytest

from houfeng.alerts.channels import read_channels
from houfeng.alerts.channels.configured import KINDS
from houfeng.alerts.channels.webhook import KEY_HEADER, SIGNATURE_HEADER, TIME_HEADER, TOLERANCE_S
from houfeng.alerts.lifecycle import FOLLOWING
from houfeng.cli.main import main
from houfeng.config import Settings
from houfeng.warning import Rules, tsunami

DOCS = Path(__file__).parents[2] / "docs"
CONCEPTS = (DOCS / "concepts" / "alerts.md").read_text(encoding="utf-8")
HOW_TO = (DOCS / "how-to" / "warn.md").read_text(encoding="utf-8")


def fenced(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", HOW_TO, re.S)


def test_the_example_for_programs_runs():
    (example,) = re.findall(r"```python\n(.*?)```", CONCEPTS, re.S)
    names: dict[str, object] = {}
    exec(compile(example, "alerts.md", "exec"), names)
    assert names["product"].alert.status == "Exercise"


def test_the_commands_of_the_page_work(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOUFENG_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "illapel.json").write_text(fenced("json")[0])
    (tmp_path / "places.csv").write_text(fenced("csv")[0])
    (tmp_path / "later.csv").write_text(
        "name,mmi6,mmi7,mmi8\nCoquimbo,0.7,0.3,0.1\nLa Serena,0.7,0.3,0.1\nIllapel,0.9,0.8,0.6\n"
    )
    (tmp_path / "channels.toml").write_text('[[channel]]\nname="a"\nkind="folder"\nfolder="out"\ndrills=true\n')
    lines = [line.strip() for line in HOW_TO.splitlines() if line.startswith("    houfeng warn")]
    assert len(lines) == 9
    for line in lines[:7]:  # up to the all-clear: a cancel may not follow it, and the forecast is another store's
        words = re.findall(r'"([^"]*)"|(\S+)', line)
        assert main([quoted or plain for quoted, plain in words][1:]) == 0, (line, capsys.readouterr().err)
    assert len(list((tmp_path / "out").glob("exercise-*.xml"))) == 1


def test_the_files_of_the_page_are_read(tmp_path):
    settings, channels, rules = fenced("toml")
    for name, text in (("channels.toml", channels), ("rules.toml", rules)):
        (tmp_path / name).write_text(text)
    environment = {"CIVIL_SECRET": "a secret of some length", "DUTY_MAIL": "mailtos://x"}
    found = read_channels(tmp_path / "channels.toml", environment=environment)
    assert [type(channel).__name__ for channel in found] == ["FolderChannel", "WebhookChannel", "MessengerChannel"]
    assert Rules.from_toml(tmp_path / "rules.toml").confirmation.solutions == 2
    import tomllib

    assert Settings(**tomllib.loads(settings)).alerts.sender == "alerts@csn.example"


def test_the_table_of_what_may_follow_is_the_one_in_force():
    rows = re.findall(r"^\| ([a-z, -]+) \| ([a-z, -]+) \|$", CONCEPTS.split("## The life")[1].split("##")[0], re.M)
    told = {
        "" if kind == "nothing published" else kind: tuple(after.split(", "))
        for kinds, after in rows
        if kinds != "in the thread" and "-" * 3 not in kinds
        for kind in kinds.split(", ")
    }
    assert told == FOLLOWING


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_channel_is_told(kind):
    assert f"| `{kind}` |" in CONCEPTS


def test_the_numbers_told_are_those_in_force():
    rules = Rules()
    assert [(rule.mmi, rule.arm, rule.release) for rule in rules.intensity] == [(m, 0.5, 0.3) for m in (8, 7, 6)]
    assert f"At least {rules.confirmation.stations} stations" in CONCEPTS
    assert f"at most {rules.confirmation.error_km:g} km" in CONCEPTS
    assert f"From M {tsunami.MAGNITUDE:g} on, shallower than {tsunami.DEPTH_KM:g} km" in CONCEPTS
    assert f"up to {tsunami.INLAND_KM:g} km inland" in CONCEPTS
    assert f"more than {TOLERANCE_S:g} s ago" in CONCEPTS
    for header in (KEY_HEADER, TIME_HEADER, SIGNATURE_HEADER):
        assert header in CONCEPTS
