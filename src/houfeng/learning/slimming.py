"""Structured pruning: a narrower network made of the strongest units of a wide one, to be trained on.

Unlike single weights set to zero, whole units taken away make the file smaller and the network faster everywhere.
The strength of a unit is the length of the weights that lead into it (Li et al. 2017, arXiv:1608.08710).
"""

from dataclasses import replace

from houfeng.errors import InputError, UnknownNameError
from houfeng.learning.extra import require
from houfeng.learning.networks import (
    Fusion,
    MapCnn,
    Mlp,
    SequenceRnn,
    SequenceRnnConfig,
    build,
)

torch = require("torch")
nn = torch.nn


def slim(network: Fusion, share: float) -> Fusion:
    """A new network of about ``1 - share`` of the width in every branch and in the head.

    It starts from the kept units' weights and needs to be trained on; the given network stays as it is.

    Parameters
    ----------
    network
        Trained.
    share
        Part of the units taken away, in (0, 1).
    """
    if not 0 < share < 1:
        raise InputError(f"share={share} must be between 0 and 1, both excluded")
    config = network.config
    branches = tuple((name, replace(branch, width=_narrow(branch.width, share))) for name, branch in config.branches)
    small = build(replace(config, branches=branches, width=_narrow(config.width, share)))
    joined, offset = [], 0
    with torch.no_grad():
        for (name, branch), (_, narrow) in zip(config.branches, branches, strict=True):
            kept = _copy_block(network.branches[f"on_{name}"], small.branches[f"on_{name}"], branch, narrow)
            joined.append(kept + offset)
            offset += branch.out
        _copy_row(network.head, small.head, torch.cat(joined))
    return small


def _narrow(width: int, share: float) -> int:
    return max(1, round(width * (1 - share)))


def _copy_block(wide: nn.Module, narrow: nn.Module, old, new) -> "torch.Tensor":
    """Copy a branch's strongest units; returns which of its outputs they are."""
    if isinstance(wide, Mlp):
        return _copy_row(wide.layers, narrow.layers, torch.arange(old.size))
    if isinstance(wide, SequenceRnn):
        return _copy_rnn(wide.rnn, narrow.rnn, old, new)
    if isinstance(wide, MapCnn):
        kept = _copy_row(wide.layers, narrow.layers, torch.arange(old.channels))
        return kept if old.per_pixel else torch.cat([kept, kept + old.out // 2])  # means and maxima
    known = [kind.__name__ for kind in (Mlp, MapCnn, SequenceRnn)]
    raise UnknownNameError("branch that can be slimmed", type(wide).__name__, known)


def _copy_row(wide: nn.Sequential, narrow: nn.Sequential, kept: "torch.Tensor") -> "torch.Tensor":
    """Copy layers in a row, whose inputs `kept` remain; returns which outputs remain."""
    for old, new in zip(wide, narrow, strict=True):
        if isinstance(old, nn.Linear | nn.Conv2d):
            into = old.weight[:, kept]
            kept = _strongest(into.flatten(1).norm(dim=1), len(new.weight))
            new.weight.copy_(into[kept])
        elif isinstance(old, nn.LayerNorm | nn.GroupNorm):
            new.weight.copy_(old.weight[kept])
        if getattr(old, "bias", None) is not None:
            new.bias.copy_(old.bias[kept])
    return kept


def _copy_rnn(wide: nn.RNNBase, narrow: nn.RNNBase, old: SequenceRnnConfig, new: SequenceRnnConfig) -> "torch.Tensor":
    """Copy a recurrent network's strongest units, layer by layer; every gate keeps the same ones."""
    kept = torch.arange(old.size)
    for layer in range(old.depth):
        parts = {part: getattr(wide, f"{part}_l{layer}") for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
        into = parts["weight_ih"][:, kept]  # (gates * width, inputs)
        both = torch.cat([into, parts["weight_hh"]], 1).unflatten(0, (-1, old.width))  # (gates, width, ...)
        units = _strongest(both.norm(dim=(0, 2)), new.width)
        rows = (torch.arange(both.shape[0])[:, None] * old.width + units).flatten()
        getattr(narrow, f"weight_ih_l{layer}").copy_(into[rows])
        getattr(narrow, f"weight_hh_l{layer}").copy_(parts["weight_hh"][rows][:, units])
        for bias in ("bias_ih", "bias_hh"):
            getattr(narrow, f"{bias}_l{layer}").copy_(parts[bias][rows])
        kept = units
    return kept


def _strongest(strength: "torch.Tensor", number: int) -> "torch.Tensor":
    """The `number` largest, in their order."""
    return strength.topk(number).indices.sort().values
