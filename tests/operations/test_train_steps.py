"""A training killed anywhere goes on where it stopped and ends the same to the byte; nothing foreign is taken."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from houfeng.models.learned.model import LearnedModel
from houfeng.models.registry import create_model
from houfeng.operations import train_steps
from houfeng.operations.models import keep_trained
from houfeng.operations.train_forecast import Card, train_forecast, write_training
from houfeng.operations.train_steps import CPU_MS, JUDGED, STEPS, Steps, key_of
from houfeng.operations.training import known
from houfeng.regions import Region
from houfeng.store import Store
from houfeng.store.model_files import read_card

AS_OF = datetime(2006, 1, 1, tzinfo=UTC)
LEARNERS = ("logistic", "boosting")
ASKED = {"as_of": AS_OF, "learners": LEARNERS, "min_magnitude": 3.0, "target": 3.5, "horizon_days": 21.0}
#: In the order in which they are done.
ALL_STEPS = ("logistic-early.houfeng", "boosting-early.houfeng", JUDGED, "logistic-all.houfeng", "boosting-all.houfeng")


class Killed(BaseException):
    """In the place of SIGKILL."""


@pytest.fixture(scope="module")
def catalog(learners_world):
    return learners_world


@pytest.fixture(scope="module")
def region():
    return Region.box("small", west=10.0, south=40.0, east=13.0, north=43.0, cell_deg=0.5, depth_max_km=50)


def results(done, catalog, region, folder):
    """Bytes of the model files, and the document, both without measured times."""
    for card in done.document()["cards"]:
        assert card["cpu_s"] >= 0
    timeless = replace(
        done, cards=tuple(replace(card, cpu_s=0.0) for card in done.cards), inference_s=dict.fromkeys(done.fitted, 0.0)
    )
    with Store.open(folder / "store") as store:
        names = keep_trained(done, known(catalog, region, AS_OF), store, folder / "files")
    write_training(timeless, folder / "files")
    return {path.name: path.read_bytes() for path in (folder / "files").iterdir()}, names


@pytest.fixture(scope="module")
def whole(catalog, region, tmp_path_factory):
    """A training that nobody interrupted: its folder with all steps, its results, its fits by learner and past."""
    folder, fits, learn = tmp_path_factory.mktemp("whole"), {}, LearnedModel.fit

    def fit(model, history, region):
        return fits.setdefault((model.name, history.provenance.data_end), learn(model, history, region))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LearnedModel, "fit", fit)
        done = train_forecast(catalog, region, folder=folder, **ASKED)
    return folder, results(done, catalog, region, folder)[0], fits


@pytest.fixture
def quick(whole, monkeypatch):
    """Learning that takes no time: the fits of `whole`, as they were before they were written."""
    monkeypatch.setattr(
        LearnedModel, "fit", lambda model, history, _region: whole[2][model.name, history.provenance.data_end]
    )


def trained(catalog, region, folder, **changes):
    told = []
    done = train_forecast(catalog, region, folder=folder, progress=told.append, **ASKED | changes)
    return done, told


def with_steps(folder, whole, names):
    """A folder as a training leaves it that was killed after the steps called so."""
    (folder / STEPS).mkdir(parents=True)
    for name in names:
        (folder / STEPS / name).write_bytes((whole[0] / STEPS / name).read_bytes())
    return folder


def test_every_step_is_kept_as_soon_as_it_is_done(whole):
    paths = [whole[0] / STEPS / name for name in ALL_STEPS]
    written = [path.stat().st_mtime_ns for path in paths]
    assert written == sorted(written)
    assert {path.name for path in (whole[0] / STEPS).iterdir()} == set(ALL_STEPS)
    card = read_card(paths[0].read_bytes(), where="early")
    assert card.trained_to < AS_OF and card.learned_from[CPU_MS] > 0


@pytest.mark.slow
def test_learning_again_after_a_kill_gives_the_same_bytes(catalog, region, whole, tmp_path, monkeypatch):
    monkeypatch.setattr("houfeng.models.learned.model._KEPT", {})
    done, told = trained(catalog, region, with_steps(tmp_path, whole, ALL_STEPS[:4]))
    assert sum(" learned (" in line for line in told) == 1
    assert results(done, catalog, region, tmp_path)[0] == whole[1]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("after", [1, 2, 3, 4])
def test_killed_after_any_step_it_ends_the_same_to_the_byte(catalog, region, whole, tmp_path, monkeypatch, after):
    folder = with_steps(tmp_path, whole, ALL_STEPS[: after - 1])

    def kills(write):
        def one(path, content):
            write(path, content)
            assert path.name == ALL_STEPS[after - 1]
            raise Killed

        return one

    with monkeypatch.context() as patch:
        for name in ("write_bytes", "write_text"):
            patch.setattr(train_steps, name, kills(getattr(train_steps, name)))
        with pytest.raises(Killed):
            train_forecast(catalog, region, folder=folder, **ASKED)
    done, told = trained(catalog, region, folder)
    kept = [line for line in told if line.endswith("kept")]
    assert len(kept) == after and sum(" learned (" in line for line in told) == 4 - (after - (after >= 3))
    assert results(done, catalog, region, tmp_path)[0] == whole[1]


def test_killed_before_the_end_nothing_is_learned_again(catalog, region, whole, tmp_path):
    done, told = trained(catalog, region, with_steps(tmp_path, whole, ALL_STEPS))
    assert not any(" learned (" in line for line in told)
    assert "logistic: learned before (early), kept" in told and "judged before, kept" in told
    assert results(done, catalog, region, tmp_path)[0] == whole[1]
    Steps(tmp_path).clear()
    assert not (tmp_path / STEPS).exists() and (tmp_path / "files").is_dir()


@pytest.mark.usefixtures("quick")
def test_a_torn_step_is_done_again(catalog, region, whole, tmp_path):
    folder = with_steps(tmp_path, whole, ALL_STEPS)
    torn = folder / STEPS / "logistic-early.houfeng"
    torn.write_bytes(torn.read_bytes()[:-200])
    judged = folder / STEPS / JUDGED
    judged.write_text(judged.read_text().replace("0.", "1.", 1))
    done, told = trained(catalog, region, folder)
    assert any(line.startswith("logistic-early.houfeng cannot be used, done again") for line in told)
    assert f"{JUDGED} cannot be used, done again: it is damaged" in told
    assert sum(" learned (" in line for line in told) == 1
    assert results(done, catalog, region, tmp_path)[0] == whole[1]


@pytest.mark.parametrize("torn", ["", "[]", "{", '{"cards": 3, "key": "x", "sha256": "y"}', "\x00\xff"])
def test_no_torn_judging_is_taken(tmp_path, torn):
    (tmp_path / STEPS).mkdir()
    (tmp_path / STEPS / JUDGED).write_bytes(torn.encode("latin-1"))
    assert Steps(tmp_path).judge(("a",), lambda: [{"made": 1}]) == [{"made": 1}]
    assert Steps(tmp_path).judge(("a",), lambda: [{"made": 2}]) == [{"made": 1}], "kept now"
    assert Steps(tmp_path).judge(("b",), lambda: [{"made": 3}]) == [{"made": 3}]


@pytest.mark.usefixtures("quick")
def test_another_seed_takes_nothing(catalog, region, whole, tmp_path):
    folder = with_steps(tmp_path, whole, ALL_STEPS)
    model = create_model(
        "logistic", min_magnitude=3.0, target_magnitude=3.5, horizon_days=21.0, every_days=21.0, seed=7
    )
    told, history = [], known(catalog, region, AS_OF)
    Steps(folder, told.append).fit("all", model, history, region, AS_OF)
    assert any("logistic-all.houfeng is of another training" in line for line in told)
    assert told[-1].startswith("logistic learned (")


def test_the_key_holds_all_that_a_fit_depends_on(catalog, region, monkeypatch):
    model, history = create_model("logistic", min_magnitude=3.0), known(catalog, region, AS_OF)
    key = key_of(model, history, region, AS_OF)
    assert key == key_of(create_model("logistic", min_magnitude=3.0), known(catalog, region, AS_OF), region, AS_OF)
    magnitude = history.magnitude.copy()
    magnitude[5] += 0.01
    others = {
        key_of(create_model("forest", min_magnitude=3.0), history, region, AS_OF),
        key_of(replace(model, seed=7), history, region, AS_OF),
        key_of(replace(model, quiet_cells=41), history, region, AS_OF),
        key_of(model, replace(history, magnitude=magnitude), region, AS_OF),
        key_of(model, history, replace(region, cell_deg=0.25), AS_OF),
        key_of(model, history, replace(region, depth_max_km=49), AS_OF),
        key_of(model, history, region, AS_OF + timedelta(days=1)),
    }
    monkeypatch.setattr(train_steps, "code_version", lambda: "another")
    others.add(key_of(model, history, region, AS_OF))
    assert len(others | {key}) == 9


def test_a_card_comes_back_from_json(whole):
    told = json.loads(json.loads((whole[0] / STEPS / JUDGED).read_text())["cards"])
    assert [Card.of(card).document() for card in told] == told and len(told) == 4


def test_only_steps_are_cleared(tmp_path):
    Steps(tmp_path).clear()
    Steps().clear()
    (tmp_path / STEPS).mkdir()
    for name in ("a-all.houfeng", JUDGED, ".a-all.houfeng.77.part", "notes.txt"):
        (tmp_path / STEPS / name).write_text("")
    Steps(tmp_path).clear()
    assert [path.name for path in (tmp_path / STEPS).iterdir()] == ["notes.txt"]
