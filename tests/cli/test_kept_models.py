"""``houfeng forecast --models`` with a kept model: by name, by file, as champion; refusals in one line."""

import json
from datetime import UTC, datetime

import pytest

from houfeng.catalogs.bundled import load_bundled
from houfeng.cli.choices import region_of
from houfeng.models.smoothed import Smoothed
from houfeng.operations.models import card_of
from houfeng.operations.training import known
from houfeng.store.model_files import pack_model

TRAINED = datetime(2014, 1, 1, tzinfo=UTC)


@pytest.fixture
def kept(houfeng, coquimbo, workplace):
    """The long-term average of Coquimbo, learned until 2014, in the store and as a file."""
    region = region_of(str(coquimbo))
    history = known(load_bundled("chile"), region, TRAINED)
    fitted = Smoothed(min_magnitude=4.8).fit(history, region)
    (workplace / "mine.houfeng").write_bytes(pack_model(fitted, card_of(fitted, history, name="ours", made=TRAINED)))
    assert houfeng("models", "add", "mine.houfeng")[0] == 0
    return coquimbo


def arguments(region, models, as_of="2015-09-17T00:00:00Z", verb="forecast"):
    return (verb, "--region", region, "--catalog", "chile", "--as-of", as_of, "--horizon", "week", "--models", models,
            "--n-simulations", "20")  # fmt: skip


def test_a_kept_model_and_a_recipe_stand_side_by_side(houfeng, kept):
    code, out, err = houfeng(*arguments(kept, "ours,poisson"))
    assert code == 0 and "Earthquake forecast for coquimbo by ours" in out
    assert "fitting poisson on the past (M>=4.8" in err and "fitting ours" not in err


@pytest.mark.parametrize("verb", ["forecast", "run"])
def test_a_file_needs_no_store(houfeng, kept, verb, monkeypatch, workplace):
    monkeypatch.setenv("HOUFENG_DATA_DIR", str(workplace / "empty"))
    code, out, _ = houfeng(*arguments(kept, "mine.houfeng", verb=verb), "--json")
    document = json.loads(out)
    assert code == 0 and document["models_asked"] == ["ours"] and document["min_magnitude"] == 4.8
    assert document["models"][0]["kept"]["trained_to"].startswith("2014-01-01")


@pytest.mark.parametrize(
    ("models", "as_of", "words"),
    [("our", "2015-09-17T00:00:00Z", "unknown model 'our'; did you mean 'ours'"),
     ("ours", "2013-09-17T00:00:00Z", "ours was trained on data to 2014-01-01"),
     ("none.houfeng", "2015-09-17T00:00:00Z", "cannot read none.houfeng"),
     ("ours,smoothed,etaz", "2015-09-17T00:00:00Z", "etas-adaptive")],
)  # fmt: skip
def test_what_cannot_be_used_is_said_in_one_line(houfeng, kept, models, as_of, words):
    code, out, err = houfeng(*arguments(kept, models, as_of))
    assert code != 0 and out == "" and words in err.splitlines()[-1] and "Traceback" not in err


def test_another_completeness_is_refused_with_both_named(houfeng, kept):
    code, _, err = houfeng(*arguments(kept, "ours"), "--min-magnitude", "5")
    assert code == 2 and "ours from M4.8 and --min-magnitude 5" in err


def test_where_no_store_is_none_is_made_to_look_for_a_name(houfeng, coquimbo, workplace):
    code, _, err = houfeng(*arguments(coquimbo, "etaz"))
    assert code == 2 and "did you mean 'etas'" in err and not (workplace / "data").exists()
