"""``houfeng train forecast`` on real data: Coquimbo's part of the Chilean catalogue, judged and kept."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout

import pytest

AS_OF = "1997-01-01T00:00:00Z"


def arguments(region, *more: str) -> list[str]:
    return ["train", "forecast", "--region", str(region), "--catalog", "chile", "--as-of", AS_OF,
            "--min-magnitude", "4.5", "--target", "4.5", "--horizon", "30d", *more]  # fmt: skip


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """One training, whose answer several tests read."""
    from houfeng.cli.main import main

    folder = tmp_path_factory.mktemp("train")
    region = folder / "coquimbo.geojson"
    corners = [[-73, -33], [-70, -33], [-70, -29], [-73, -29], [-73, -33]]
    region.write_text(json.dumps({"type": "Polygon", "coordinates": [corners]}))
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setenv("HOUFENG_DATA_DIR", str(folder / "data"))
        assert main(arguments(region, "--models", "boosting,logistic", "--out", str(folder / "out"))) == 0
    return folder, out.getvalue(), err.getvalue()


@pytest.fixture
def told(done):
    return json.loads((done[0] / "out" / "training.json").read_text())


def test_every_learner_stands_beside_champion_and_average(told):
    cards = {card["name"]: card for card in told["cards"]}
    assert set(cards) == {"champion", "smoothed", "boosting", "logistic"}
    assert told["target_magnitude"] == 4.5 and told["horizon_days"] == 30
    assert cards["champion"]["over_champion"]["log_gain"]["value"] == 0
    assert cards["smoothed"]["over_smoothed"]["log_gain"]["value"] == 0
    for card in cards.values():
        gain = card["over_champion"]["log_gain"]
        assert gain["low"] <= gain["value"] <= gain["high"]
        assert card["verdict"] == ("better" if gain["low"] > 0 else "worse" if gain["high"] < 0 else "undecided")
        assert 0.4 < card["over_smoothed"]["auc"]["value"] <= 1
    assert cards["champion"]["over_smoothed"]["log_gain"]["value"] == pytest.approx(
        -cards["smoothed"]["over_champion"]["log_gain"]["value"]
    )
    assert told["best"] in ("boosting", "logistic")


def test_what_is_judged_on_comes_after_what_is_learned_from(told):
    start, end = told["judged"]
    assert start.startswith("1991-01") and end.startswith("1997-01-01")


def test_inference_for_all_cells_is_told(told):
    assert set(told["inference_s"]) == {"boosting", "logistic"}
    assert all(0 < seconds < 30 for seconds in told["inference_s"].values())


def test_people_get_a_table_and_where_the_files_are(done):
    folder, out, err = done
    assert "nats over champion" in out and "boosting" in out and "DRAFT. PSEUDO-PROSPECTIVE" in out
    assert "no promise" in out and f"files: {folder}/out/" in out
    assert "kept as challengers: coquimbo-boosting" in out
    assert "boosting learned" in err
    assert (folder / "out" / "training.json").exists() and not (folder / "out" / "steps").exists()


@pytest.mark.slow
def test_what_was_learned_is_pooled_updated_and_forecasts(done, capsys, monkeypatch):
    from houfeng.cli.main import main

    monkeypatch.setenv("HOUFENG_DATA_DIR", str(done[0] / "data"))
    members = [f"coquimbo-{learner}-m4.5-30d-19970101" for learner in ("boosting", "logistic")]
    assert main(["models", "pool", "ours", *members]) == 0
    assert main(["models", "update", "ours", "--catalog", "chile", "--as-of", "1998-01-01T00:00:00Z"]) == 0
    said = capsys.readouterr().out
    assert "ours: challenger. a pool of coquimbo-boosting" in said
    assert "ours: updated, 12 windows. weights champion 0." in said
    call = ["forecast", "--region", str(done[0] / "coquimbo.geojson"), "--catalog", "chile", "--horizon", "week",
            "--n-simulations", "200", "--out", str(done[0] / "forecast"), "--models"]  # fmt: skip
    assert main([*call, "ours,smoothed", "--as-of", "1998-01-01T00:00:00Z", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (pool,) = [model for model in document["models"] if model["name"] == "ours"]
    assert pool["kept"]["state"]["windows"] == 12 and pool["recipe"] == "pool"
    weights = [line["value"] for line in pool["parameters"] if line["name"].startswith("weight_")]
    assert weights == pytest.approx(pool["kept"]["state"]["weights"])
    assert main([*call, "ours", "--as-of", "1997-12-01T00:00:00Z"]) != 0
    assert "ours was updated with data to 1998-01-01" in capsys.readouterr().err


def test_what_was_learned_is_in_the_store_with_its_figures(done, capsys, monkeypatch):
    from houfeng.cli.main import main

    monkeypatch.setenv("HOUFENG_DATA_DIR", str(done[0] / "data"))
    assert main(["models", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    text = json.dumps(listed)
    assert "coquimbo-boosting-m4.5-30d-19970101" in text and "coquimbo-logistic-m4.5-30d-19970101" in text
    assert "challenger" in text


@pytest.mark.parametrize(
    ("more", "words"),
    [(("--models", "poisson"), "learns nothing from features; learned models are logistic"),
     (("--models", "bosting"), "did you mean 'boosting'"),
     (("--models", "boosting", "--target", "4.0"), "below the completeness"),
     (("--models", "boosting", "--target", "6.0"), "active"),
     (("--models", "boosting", "--horizon", "soon"), "cannot read the horizon")],
)  # fmt: skip
def test_what_cannot_be_trained_is_said_in_one_line(coquimbo, houfeng, more, words):
    code, out, err = houfeng(*arguments(coquimbo, *more))
    assert code == 2 and out == ""
    assert words in err.splitlines()[-1]


@pytest.mark.parametrize(
    "more, words",
    [
        (("--models", ","), "no model to learn; name some of logistic"),
        (("--models", "etas"), "etas learns nothing from features"),
        (("--target", "9.5"), "no earthquake of M>=9.5 is known in coquimbo before 1991"),
        (("--target", "nan"), "no earthquake of M>=nan is known"),
        (("--out", "occupied/models"), "occupied"),
    ],
)
def test_what_cannot_end_well_is_told_before_anything_is_learned(done, tmp_path, monkeypatch, capsys, more, words):
    from houfeng.cli.main import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOUFENG_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "occupied").write_text("a file, not a folder")
    assert main([*arguments(done[0] / "coquimbo.geojson", "--models", "logistic"), *more]) == 2
    told = capsys.readouterr().err
    assert words in told and "learned (" not in told
    assert len(told.strip().splitlines()[-1]) < 300
