"""A slim network is made of the strongest units of the wide one."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from houfeng.errors import InputError, UnknownNameError
from houfeng.learning.engine import predict, train
from houfeng.learning.examples import Examples
from houfeng.learning.networks import Fusion, FusionConfig, MapCnnConfig, MlpConfig, SequenceRnnConfig, build
from houfeng.learning.settings import TrainSettings
from houfeng.learning.slimming import slim

ALL = (
    ("numbers", MlpConfig(3, width=16)),
    ("maps", MapCnnConfig(2, width=8, depth=3)),
    ("events", SequenceRnnConfig(4, width=12, depth=2)),
    ("states", SequenceRnnConfig(4, width=8, cell="lstm")),
)


def inputs(n=30, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "numbers": rng.normal(size=(n, 3)),
        "maps": rng.normal(size=(n, 2, 9, 9)),
        "events": rng.normal(size=(n, 7, 4)),
        "states": rng.normal(size=(n, 7, 4)),
    }


@pytest.mark.parametrize("branch", ALL, ids=lambda branch: branch[0])
def test_every_kind_of_branch_is_halved_and_the_wide_network_left_alone(branch):
    _, config = branch
    rng = torch.Generator().manual_seed(1)
    wide = build(FusionConfig((branch,), width=16))
    before = {}
    with torch.no_grad():
        for parameter in wide.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=rng)
        for key, parameter in wide.named_parameters():
            before[key] = parameter.clone()
    half = slim(wide, 0.5)
    again = slim(wide, 0.5)
    raw = predict(half, inputs())
    assert raw.std() > 0
    np.testing.assert_array_equal(raw, predict(again, inputs()))
    assert all(torch.equal(before[key], parameter) for key, parameter in wide.named_parameters())
    assert half.config.branches[0][1].width == config.width // 2
    assert half.config.width == 8


def test_living_units_of_a_recurrent_network_keep_their_outputs():
    wide = build(FusionConfig((("states", SequenceRnnConfig(4, width=8, cell="lstm")),), depth=0))
    alive = torch.tensor([1, 2, 5, 6])
    dead = torch.tensor([0, 3, 4, 7])
    with torch.no_grad():
        wide.head[-1].weight.normal_(generator=torch.Generator().manual_seed(0))
        rnn = wide.branches["on_states"].rnn
        for name, parameter in rnn.named_parameters():
            gates = parameter.view(4, 8, *parameter.shape[1:])
            gates[:, dead] = 0.0  # state and output of such a unit are zero for ever
            if "weight_hh" in name:
                gates[:, :, dead] = 0.0
    half = slim(wide, 0.5)
    np.testing.assert_allclose(predict(half, inputs()), predict(wide, inputs()), rtol=1e-5, atol=1e-6)
    assert torch.equal(half.head[-1].weight, wide.head[-1].weight[:, alive])


def test_living_channels_of_a_map_network_keep_their_outputs():
    config = FusionConfig((("maps", MapCnnConfig(2, width=8, depth=1)),), depth=0)
    wide = build(config)
    with torch.no_grad():
        wide.head[-1].weight.normal_(generator=torch.Generator().manual_seed(0))
        block = wide.branches["on_maps"].layers
        block[0].weight[::2] *= 1e-9
    half = slim(wide, 0.5)
    kept = half.branches["on_maps"].layers[0].weight
    assert torch.equal(kept, block[0].weight[1::2])
    odd = torch.cat([torch.arange(1, 8, 2), torch.arange(9, 16, 2)])  # of the means and of the maxima
    assert torch.equal(half.head[-1].weight, wide.head[-1].weight[:, odd])


def test_an_outputs_layer_inside_a_branch_keeps_its_length():
    wide = build(FusionConfig((("numbers", MlpConfig(3, width=16, outputs=5)), ALL[1]), width=8))
    half = slim(wide, 0.25)
    assert half.branches["on_numbers"].layers[-1].out_features == 5
    assert predict(half, inputs()).shape == (30,)


def test_maps_per_pixel_can_be_slimmed():
    wide = build(FusionConfig((("maps", MapCnnConfig(2, width=8, per_pixel=True)), ALL[0])))
    assert predict(slim(wide, 0.5), inputs()).shape == (30, 9, 9)


def test_after_training_on_it_is_smaller_and_nearly_as_good():
    data = inputs(400)
    examples = Examples(data, (data["numbers"][:, 0] + data["events"][:, -1, 0] > 0).astype(int))
    settings = TrainSettings(steps=80, batch_size=64, learning_rate=0.01)
    wide = train(build(FusionConfig(ALL)), examples, None, loss="binary", settings=settings).network
    half = train(slim(wide, 0.5), examples, None, loss="binary", settings=replace(settings, steps=40)).network

    def numbers(network):
        return sum(p.numel() for p in network.parameters())

    unseen = inputs(1000, 1)
    truth = unseen["numbers"][:, 0] + unseen["events"][:, -1, 0] > 0
    assert numbers(half) < 0.4 * numbers(wide)
    assert ((predict(half, unseen) > 0) == truth).mean() > 0.85


def test_nonsense_is_refused():
    network = build(FusionConfig(ALL[:1]))
    with pytest.raises(InputError, match="between 0 and 1"):
        slim(network, 1.0)
    network.branches["on_numbers"] = torch.nn.Identity()
    assert isinstance(network, Fusion)
    with pytest.raises(UnknownNameError, match="branch that can be slimmed 'Identity'"):
        slim(network, 0.5)
