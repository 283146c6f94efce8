"""Class folders: read, trained, told; every fault of a folder names its file."""

import json

import numpy as np
import pytest
from PIL import Image

from houfeng.cli.main import main
from houfeng.errors import FitError, InputError, SourceError, UnknownNameError
from houfeng.learning.images import (
    PictureConfig,
    classify,
    probabilities_of,
    read_part,
    read_picture,
    scores_of,
)
from houfeng.learning.networks import build, config_from_json, config_to_json
from houfeng.operations.train_images import train_images


def picture(rng, striped: bool, side: int = 24) -> Image.Image:
    """A SIMULATED roof: plain, or in stripes."""
    pixels = rng.normal(120, 15, (side, side, 3))
    if striped:
        pixels[::4] += 90
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def write_folder(root, classes=("plain", "striped"), train=12, val=8):
    rng = np.random.default_rng(5)
    for part, n in (("train", train), ("val", val)):
        for number, name in enumerate(classes):
            (root / part / name).mkdir(parents=True)
            for i in range(n):
                made = picture(rng, name == "striped")
                if number == 2:
                    made = made.rotate(90)
                made.save(root / part / name / f"{i:02d}.jpg")
    return root


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / "roofs")


SMALL = {"side": 24, "epochs": 8, "batch_size": 8, "learning_rate": 5e-3, "simulated": True}


def test_pictures_are_read_in_order_with_the_class_of_their_folder(folder):
    part = read_part(folder, "train", side=24)
    assert part.classes == ("plain", "striped") and len(part) == 24
    assert part.pixels.shape == (24, 3, 24, 24) and part.pixels.dtype == np.uint8
    assert part.labels.tolist() == [0] * 12 + [1] * 12
    assert [path.parent.name for path in part.paths] == ["plain"] * 12 + ["striped"] * 12
    assert part.quarantined == ()


def test_corrupt_pictures_are_set_apart_and_named_or_an_error_when_strict(folder):
    whole = (folder / "train" / "plain" / "00.jpg").read_bytes()
    (folder / "train" / "plain" / "00.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "train" / "striped" / "03.jpg").write_bytes(b"not a picture")
    (folder / "train" / "striped" / "04.jpg").write_bytes(b"")
    part = read_part(folder, "train", side=24)
    assert len(part) == 21
    assert [path.name for path, _ in part.quarantined] == ["00.jpg", "03.jpg", "04.jpg"]
    assert all(str(path) in why for path, why in part.quarantined)
    with pytest.raises(SourceError, match="00.jpg"):
        read_part(folder, "train", side=24, strict=True)


def test_faults_of_a_folder_are_named(folder, tmp_path):
    with pytest.raises(SourceError, match="there is no folder .*nowhere"):
        read_part(tmp_path / "nowhere", "train", side=24)
    (folder / "train" / "torn").mkdir()
    with pytest.raises(InputError, match="train/torn has no readable picture"):
        read_part(folder, "train", side=24)
    (folder / "train" / "torn" / "a.png").write_bytes(b"x")
    with pytest.raises(InputError, match="could not be read, the first is .*a.png"):
        read_part(folder, "train", side=24)
    (folder / "train" / "torn" / "a.png").unlink()
    (folder / "train" / "torn" / "folder.png").mkdir()
    with pytest.raises(InputError, match=r"train/torn has no readable picture \(.*\)$"):
        read_part(folder, "train", side=24)
    for side in (8, 100_000):
        with pytest.raises(InputError, match=f"side={side}.* 16 to 1024"):
            read_part(folder, "train", side=side)
    with pytest.raises(SourceError, match="there is no picture .*gone.jpg"):
        read_picture(tmp_path / "gone.jpg", side=24)


def test_one_class_is_refused(tmp_path):
    root = write_folder(tmp_path / "one", classes=("plain",))
    with pytest.raises(InputError, match="only 'plain'"):
        read_part(root, "train", side=24)


def test_classes_of_val_must_be_those_of_train(folder, tmp_path):
    (folder / "val" / "striped").rename(folder / "val" / "spotted")
    with pytest.raises(InputError, match="val differs in spotted, striped"):
        train_images(folder, tmp_path / "model", **SMALL)
    with pytest.raises(UnknownNameError, match="efficientnet-lite0"):
        train_images(folder, tmp_path / "model", backbone="efficientnet-lite9")


def test_one_sigmoid_for_two_classes_and_a_softmax_for_more():
    two = probabilities_of(np.array([0.0, 2.0, -800.0, 800.0]))
    assert two.shape == (4, 2) and np.allclose(two.sum(1), 1)
    assert np.allclose(two[:, 1], [0.5, 1 / (1 + np.exp(-2)), 0, 1])
    three = probabilities_of(np.array([[0.0, np.log(2), np.log(5)], [900.0, 0.0, 0.0]]))
    assert np.allclose(three, [[1 / 8, 2 / 8, 5 / 8], [1, 0, 0]])


def test_scores_stand_beside_their_baselines():
    labels = np.array([0, 0, 0, 1])
    even = scores_of(labels, np.tile([0.75, 0.25], (4, 1)))
    assert even["accuracy"] == even["majority_accuracy"] == 0.75
    assert even["log_loss"] == pytest.approx(even["prevalence_log_loss"])
    assert even["auc"] == 0.5 and even["average_precision"] == even["prevalence"] == 0.25
    sure = scores_of(labels, np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.2, 0.8]]))
    assert sure["auc"] == sure["average_precision"] == 1.0 and sure["log_loss"] < even["log_loss"]


def test_the_normalisation_is_part_of_the_network_and_its_configuration_goes_to_json_and_back():
    config = PictureConfig(mean=(10.0, 20.0, 30.0), scale=(2.0, 3.0, 4.0), width=8, depth=2, outputs=3)
    assert config_from_json(json.loads(json.dumps(config_to_json(config)))) == config
    network = build(config)
    assert network.mean.flatten().tolist() == [10, 20, 30] and network.scale.flatten().tolist() == [2, 3, 4]


def test_a_model_is_trained_written_and_asked(folder, tmp_path):
    trained = train_images(folder, tmp_path / "model", **SMALL)
    card = json.loads((tmp_path / "model" / "model.json").read_text())
    assert card["scores"] == trained.card["scores"] and card["simulated"] is True
    assert card["scores"]["val"]["auc"] > 0.9 > card["scores"]["val"]["prevalence"]
    assert card["counts"] == {"train": {"plain": 12, "striped": 12}, "val": {"plain": 8, "striped": 8}}
    assert (tmp_path / "model" / "curve.png").stat().st_size > 1000
    held = read_part(folder, "val", side=24)
    answers = classify(tmp_path / "model", held.paths)
    assert np.mean([a.best == held.classes[y] for a, y in zip(answers, held.labels, strict=True)]) == pytest.approx(
        card["scores"]["val"]["accuracy"]
    )
    assert all(sum(a.probabilities.values()) == pytest.approx(1) for a in answers)
    with pytest.raises(SourceError, match="holds no model.json"):
        classify(tmp_path, held.paths[:1])


def test_a_killed_training_goes_on_to_the_same_card(folder, tmp_path):
    whole = train_images(folder, tmp_path / "whole", **SMALL)
    seen = []

    def kill(at):
        seen.append(at.point.step)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_images(folder, tmp_path / "killed", **SMALL, progress=kill)
    again = train_images(folder, tmp_path / "killed", **SMALL)
    assert again.card["scores"] == whole.card["scores"] and again.card["kept_step"] == whole.card["kept_step"]


def test_the_command_prints_json_and_tells_of_pictures_set_apart(folder, tmp_path, capsys):
    (folder / "train" / "plain" / "05.jpg").write_bytes(b"nothing")
    arguments = ["--side", "24", "--epochs", "1", "--batch-size", "8", "--simulated", "--out", str(tmp_path / "m")]
    assert main(["train", "images", str(folder), *arguments, "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["quarantined"][0]["file"].endswith("05.jpg")
    assert "1 unreadable pictures were left out" in err
    assert main(["train", "images", str(folder), *arguments, "--strict", "--json"]) == 2
    assert "05.jpg" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_three_classes_make_three_outputs(tmp_path):
    root = write_folder(tmp_path / "three", classes=("plain", "spotted", "striped"), train=6, val=2)
    trained = train_images(root, tmp_path / "model", **{**SMALL, "epochs": 1})
    assert trained.card["output"] == "softmax" and "auc" not in trained.card["scores"]["val"]
    assert set(classify(tmp_path / "model", [root / "val" / "plain" / "00.jpg"])[0].probabilities) == {
        "plain",
        "spotted",
        "striped",
    }


def test_a_network_that_explodes_is_told_with_the_file_it_failed_on(folder, tmp_path):
    with pytest.raises(FitError, match=r"step \d+ .*\(.*roofs/(train|val)/(plain|striped)/\d+\.jpg\)"):
        train_images(folder, tmp_path / "model", **{**SMALL, "learning_rate": 1e30})


@pytest.mark.parametrize("kind, value", [("L", 100), ("1", 1), ("LA", (100, 255)), ("P", 3), ("RGBA", (9, 9, 9, 255))])
def test_grey_palette_and_transparent_pictures_become_red_green_blue(tmp_path, kind, value):
    Image.new(kind, (1, 1), value).save(tmp_path / "a.png")
    found = read_picture(tmp_path / "a.png", side=16)
    assert found.shape == (3, 16, 16) and found.dtype == np.uint8 and np.ptp(found, axis=(1, 2)).max() == 0


def test_sixteen_bits_are_not_cut_off_at_white_and_floats_are_refused(tmp_path):
    Image.fromarray(np.full((4, 4), 257 * 100, np.uint16)).save(tmp_path / "deep.png")
    assert read_picture(tmp_path / "deep.png", side=16).tolist() == np.full((3, 16, 16), 100).tolist()
    Image.new("F", (4, 4), 0.5).save(tmp_path / "real.tif")
    with pytest.raises(SourceError, match="real.tif has F pixels"):
        read_picture(tmp_path / "real.tif", side=16)


def test_names_in_chinese_are_names(tmp_path, capsys):
    """No glyph is missing on the curve either: that would be a warning, and warnings are errors here."""
    root = write_folder(tmp_path / "建筑", classes=("完好", "损坏"), train=3, val=2)
    arguments = ["--side", "16", "--epochs", "1", "--language", "zh", "--out", str(tmp_path / "模型")]
    assert main(["train", "images", str(root), *arguments]) == 0
    assert "完好, 损坏" in capsys.readouterr().out
    answer = classify(tmp_path / "模型", [root / "val" / "损坏" / "00.jpg"])[0]
    assert set(answer.probabilities) == {"完好", "损坏"}


def test_a_folder_that_cannot_be_written_and_a_language_without_words_are_told_first(folder, tmp_path, capsys):
    (tmp_path / "occupied").write_text("a file, not a folder")
    arguments = ["train", "images", str(folder), "--side", "16", "--out", str(tmp_path / "occupied")]
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert "occupied" in told and "give another folder" in told and "step" not in told
    assert main([*arguments, "--language", "fr"]) == 2
    assert "unknown language 'fr'" in capsys.readouterr().err


def test_a_frozen_backbone_trains_its_head_alone(folder, tmp_path):
    with pytest.raises(InputError, match="a frozen backbone needs one"):
        train_images(folder, tmp_path / "none", frozen=True)
    stages = []
    quick = {**SMALL, "epochs": 0.4, "backbone": "efficientnet-lite0", "side": 32}
    frozen = train_images(folder, tmp_path / "m", frozen=True, progress=lambda at: stages.append(at.stages), **quick)
    assert frozen.card["frozen"] and set(stages) == {1} and (tmp_path / "m" / "curve.png").is_file()
    tuned = train_images(folder, tmp_path / "t", progress=lambda at: stages.append(at.stage), **quick)
    assert len(tuned.card["kept_step"]) == 3 and {1, 2, 3} <= set(stages) and (tmp_path / "t" / "curve-3.png").is_file()
    assert tuned.card["normalisation"] == {"mean": [127.0] * 3, "scale": [128.0] * 3}
