"""A network cut between layers gives the outputs and gradients of the uncut one."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.learning.engine import train
from houfeng.learning.examples import Examples
from houfeng.learning.layers import Pipeline, cut
from houfeng.learning.settings import TrainSettings
from houfeng.learning.tensors import seeded


def layers(seed=0):
    with seeded(seed):
        sizes = (4, 32, 8, 16, 1)
        return [
            layer
            for a, b in zip(sizes, sizes[1:], strict=False)
            for layer in (
                torch.nn.Linear(a, b),
                torch.nn.LayerNorm(b) if b > 1 else torch.nn.Identity(),
                torch.nn.GELU(),
            )
        ]


@pytest.mark.parametrize("stages", [1, 2, 4])
@pytest.mark.parametrize("pieces", [1, 3, 8, 50])
def test_outputs_and_gradients_are_those_of_the_uncut_network(stages, pieces):
    whole = torch.nn.Sequential(*layers())
    split = Pipeline(copy.deepcopy(list(whole)), ["cpu"] * stages, pieces)
    x = torch.randn(21, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(split(x), whole(x))
    split(x).square().mean().backward()
    whole(x).square().mean().backward()
    theirs = [p.grad for p in whole.parameters()]
    ours = [p.grad for p in split.parameters()]
    assert len(ours) == len(theirs) > 0
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other)


def test_pieces_go_through_the_stages_in_gpipe_order():
    seen = []

    class Note(torch.nn.Module):
        def __init__(self, stage):
            super().__init__()
            self.stage = stage

        def forward(self, x):
            seen.append((self.stage, int(x[0])))
            return x

    Pipeline([Note(0), Note(1)], ["cpu", "cpu"], 3)(torch.arange(3.0))
    assert seen == [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2)]


class OnFeatures(torch.nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, inputs):
        return self.network(inputs["features"])


def test_the_engine_trains_it_to_the_same_weights():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 4))
    examples = Examples({"features": x}, (x[:, 0] > 0).astype(int))
    settings = TrainSettings(steps=15, batch_size=20)
    whole = OnFeatures(torch.nn.Sequential(*layers()))
    split = OnFeatures(Pipeline(layers(), ["cpu", "cpu"]))
    for network in (whole, split):
        train(network, examples, None, loss="binary", settings=settings)
    for one, other in zip(whole.parameters(), split.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=12), st.data())
def test_every_layer_is_in_one_stage_and_no_stage_is_empty(sizes, data):
    stages = data.draw(st.integers(1, len(sizes)))
    runs = cut(sizes, stages)
    assert len(runs) == stages
    assert [number for run in runs for number in range(len(sizes))[run]] == list(range(len(sizes)))
    assert all(run.stop > run.start for run in runs)


def test_nonsense_is_refused():
    with pytest.raises(InputError, match="2 layers cannot be cut into 3 stages"):
        cut([1, 1], 3)
    with pytest.raises(InputError, match="pieces=0"):
        Pipeline(layers(), ["cpu"], 0)
