"""Shapes, the start at the prior, padding, and configurations that go to JSON and back."""

import json
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError, UnknownNameError
from houfeng.learning.networks import (
    FusionConfig,
    MapCnn,
    MapCnnConfig,
    MlpConfig,
    SequenceRnnConfig,
    build,
    config_from_json,
    config_to_json,
    network_of,
)

NUMBERS = ("numbers", MlpConfig(4, width=8))
MAPS = ("maps", MapCnnConfig(2, width=8, depth=2))
EVENTS = ("events", SequenceRnnConfig(3, width=8))


def batch(b=5, h=9, w=7, n=6):
    generator = torch.Generator().manual_seed(0)
    return {
        "numbers": torch.randn(b, 4, generator=generator),
        "maps": torch.randn(b, 2, h, w, generator=generator),
        "events": torch.randn(b, n, 3, generator=generator),
        "events_length": torch.tensor([6, 0, 1, 3, 6])[:b],
        "champion": torch.randn(b, generator=generator),
    }


def shaken(network):
    """Every weight a little off, so that nothing is zero by construction."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return network.eval()


@pytest.mark.parametrize("branches", [(NUMBERS,), (MAPS,), (EVENTS,), (NUMBERS, MAPS, EVENTS)])
@pytest.mark.parametrize(("outputs", "shape"), [(1, (5,)), (3, (5, 3))])
def test_one_output_an_example_or_several(branches, outputs, shape):
    assert build(FusionConfig(branches, outputs=outputs))(batch()).shape == shape


def test_maps_out_of_maps_and_numbers():
    pixels = ("maps", MapCnnConfig(2, width=8, depth=2, per_pixel=True))
    assert build(FusionConfig((pixels, NUMBERS)))(batch()).shape == (5, 9, 7)
    assert build(FusionConfig((pixels, EVENTS), outputs=3))(batch()).shape == (5, 3, 9, 7)


@given(st.floats(-5, 5), st.sampled_from([0, 1, 2]))
def test_it_starts_at_prior_plus_offset(prior, depth):
    config = FusionConfig((NUMBERS, MAPS, EVENTS), prior=prior, offset="champion", depth=depth)
    inputs = batch()
    torch.testing.assert_close(build(config)(inputs), inputs["champion"] + prior)


def test_padding_behind_a_sequence_does_not_matter_and_items_in_it_do():
    network, inputs = shaken(build(FusionConfig((EVENTS,)))), batch()
    before = network(inputs)
    padded = inputs["events"].clone()
    for row, length in enumerate(inputs["events_length"]):
        padded[row, length:] = 99.0
    torch.testing.assert_close(network({**inputs, "events": padded}), before)
    changed = inputs["events"].clone()
    changed[3, 0] += 1.0
    assert (network({**inputs, "events": changed})[3] - before[3]).abs() > 1e-6


def test_an_empty_sequence_is_a_vector_of_zeros_and_all_are_alike():
    network, inputs = shaken(build(FusionConfig((EVENTS,)))), batch()
    inputs["events_length"] = torch.zeros(5, dtype=torch.long)
    raw = network(inputs)
    torch.testing.assert_close(raw, raw[:1].expand(5))


def test_without_lengths_all_items_count():
    network, inputs = shaken(build(FusionConfig((EVENTS,)))), batch()
    whole = network({"events": inputs["events"]})
    torch.testing.assert_close(whole, network({**inputs, "events_length": torch.full((5,), 6)}))


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_an_example_does_not_see_its_neighbours_in_the_batch(cell):
    config = FusionConfig((NUMBERS, MAPS, ("events", SequenceRnnConfig(3, depth=2, cell=cell))))
    network, inputs = shaken(build(config)).train(), batch()
    alone = network({name: values[2:3] for name, values in inputs.items()})
    torch.testing.assert_close(network(inputs)[2:3], alone)


def test_a_map_network_takes_any_size_and_sees_its_neighbourhood_only():
    network = shaken(build(MapCnnConfig(2, width=8, depth=2, per_pixel=True)))
    assert isinstance(network, MapCnn)
    maps = torch.zeros(1, 2, 21, 21)
    assert network(maps).shape == (1, 8, 21, 21)
    assert network(maps[..., :4]).shape == (1, 8, 21, 4)
    vector = shaken(build(MapCnnConfig(2, width=8, depth=3)))
    assert vector(maps).shape == vector(maps[..., :5, :4]).shape == (1, MapCnnConfig(2, width=8, depth=3).out)


@given(st.integers(1, 40))
def test_any_width_can_be_normed(width):
    assert build(MapCnnConfig(1, width=width, depth=1)).eval()(torch.zeros(1, 1, 3, 3)).shape == (1, 2 * width)


def test_plain_blocks_can_be_built_too():
    assert build(MlpConfig(4, width=8, outputs=2))(torch.zeros(3, 4)).shape == (3, 2)
    assert build(MlpConfig(4, depth=0))(torch.zeros(3, 4)).shape == (3, MlpConfig(4, depth=0).out)
    assert build(SequenceRnnConfig(3, width=5))(torch.zeros(2, 4, 3)).shape == (2, 5)


def test_the_same_seed_builds_the_same_weights_and_disturbs_nobody():
    config = FusionConfig((NUMBERS, MAPS))
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    one, same, other = build(config), build(config), build(config, seed=1)
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize(
    "config",
    [
        MlpConfig(4, dropout=0.1),
        MapCnnConfig(2, per_pixel=True),
        SequenceRnnConfig(3, cell="lstm"),
        FusionConfig((NUMBERS, MAPS, EVENTS), outputs=2, prior=-1.5, offset="champion"),
    ],
)
def test_a_configuration_goes_to_json_and_back(config):
    text = json.dumps(config_to_json(config))
    assert config_from_json(json.loads(text)) == config


@dataclass(frozen=True)
class OwnConfig:
    """A network of another file."""

    sizes: tuple[int, ...]


@network_of(OwnConfig)
class Own(torch.nn.Module):
    def __init__(self, config):
        super().__init__()
        self.layers = torch.nn.Sequential(*(torch.nn.Linear(size, size) for size in config.sizes))


def test_other_files_may_add_networks():
    config = OwnConfig((2, 2))
    assert config_from_json(json.loads(json.dumps(config_to_json(config)))) == config
    assert len(build(config).layers) == 2


def test_strange_configurations_are_refused():
    with pytest.raises(UnknownNameError, match="unknown configuration 'str'"):
        build("mlp")
    with pytest.raises(UnknownNameError, match="unknown configuration 'MlpConfgi'; did you mean 'MlpConfig'"):
        config_from_json({"kind": "MlpConfgi"})
    with pytest.raises(InputError, match="MlpConfig has no height"):
        config_from_json({"kind": "MlpConfig", "size": 3, "height": 4})
    with pytest.raises(UnknownNameError, match="unknown cell 'rnn'"):
        build(SequenceRnnConfig(3, cell="rnn"))
    with pytest.raises(InputError, match="at least one branch"):
        build(FusionConfig(()))
