"""``houfeng models``: kept, shown in both languages, handed out, retired; refusals in one line."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "store"))
from model_samples import card, fitted

from houfeng.store.model_files import pack_model


@pytest.fixture
def kept(houfeng, workplace):
    for name in ("one", "two"):
        told = card(name, target_magnitude=None, horizon_days=None, scores=card().scores if name == "one" else (),
                    simulated=name == "two")  # fmt: skip
        (workplace / f"{name}.houfeng").write_bytes(pack_model(fitted(), told))
        assert houfeng("models", "add", f"{name}.houfeng")[0] == 0
    return workplace


def test_the_list_tells_figures_with_their_baseline_or_that_there_are_none(houfeng, kept):
    code, out, _ = houfeng("models", "list")
    assert code == 0
    assert "+0.02 (+0.01 to +0.03) nats per active cell over champion" in out
    assert "not judged yet" in out and "SIMULATED" in out
    told = json.loads(houfeng("models", "list", "--state", "challenger", "--json")[1])
    assert [model["name"] for model in told["models"]] == ["one", "two"]


def test_an_empty_list_says_how_to_get_models(houfeng):
    assert "houfeng train forecast" in houfeng("models", "list")[2]


def test_the_card_is_shown_and_written_in_both_languages(houfeng, kept):
    code, out, err = houfeng("models", "show", "one", "--out", "card")
    assert code == 0 and err == ""
    assert "rate of the past" in out and "0.5 ± 2" in out and "Limits" in out
    assert "挑战者" in Path("card/card.zh.md").read_text() and "挑战者" in houfeng("models", "show", "one",
                                                                              "--language", "zh")[1]  # fmt: skip
    page = Path("card/card.html").read_text()
    assert 'lang="en"' in page and 'lang="zh"' in page and "SIMULATED" not in page
    houfeng("models", "show", "two", "--out", "other")
    assert all("SIMULATED" in Path("other", name).read_text() for name in ("card.md", "card.zh.md", "card.html"))
    assert "Not judged yet" in Path("other/card.md").read_text()


def test_what_is_handed_out_is_what_came_in(houfeng, kept):
    code, out, _ = houfeng("models", "get", "one", "-o", "again.houfeng", "--json")
    assert code == 0 and json.loads(out)["bytes"] == len(Path("again.houfeng").read_bytes())
    assert Path("again.houfeng").read_bytes() == Path("one.houfeng").read_bytes()


def test_two_are_compared_and_one_is_retired(houfeng, kept):
    out = houfeng("models", "compare", "one", "two")[1]
    assert "not judged" in out and "not the same simulated: False and True" in out
    assert "retired. worse" in houfeng("models", "retire", "two", "--reason", "worse")[1]
    assert json.loads(houfeng("models", "show", "two", "--json")[1])["history"][-1]["reason"] == "worse"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("show", "onn"), "did you mean 'one'"), (("add", "missing.houfeng"), "cannot read missing.houfeng"),
     (("retire", "one"), "for a reason"), (("rollback", "one", "--reason", "x"), "is challenger"),
     (("promote", "one", "--run", "7"), "unknown run '7'"), (("update", "one", "--catalog", "chile"), "no levels"),
     (("show", "one", "--language", "fr"), "unknown language"), (("list", "--state", "best"), "a model is challenger")],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_one_line(houfeng, kept, arguments, words):
    code, out, err = houfeng("models", *arguments)
    assert code == 2 and out == "" and words in err.splitlines()[-1]
