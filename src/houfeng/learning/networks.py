"""Small networks: branches for numbers, maps and sequences, and the fusion of their outputs.

A network is rebuilt from its frozen configuration alone, ``build(config)``, which goes to JSON and back.
Only norms that look at one example at a time are used, so a batch may be cut into pieces without a change.
"""

from dataclasses import asdict, dataclass, fields

from houfeng.errors import InputError, UnknownNameError
from houfeng.learning.extra import require
from houfeng.learning.tensors import seed_of, seeded

torch = require("torch")
nn = torch.nn


@dataclass(frozen=True, slots=True)
class MlpConfig:
    """Fully connected layers over `size` numbers; `outputs` 0 ends with the last hidden layer."""

    size: int
    width: int = 64
    depth: int = 2
    dropout: float = 0.0
    outputs: int = 0

    @property
    def out(self) -> int:
        """Length of the output."""
        return self.outputs or (self.width if self.depth else self.size)


@dataclass(frozen=True, slots=True)
class MapCnnConfig:
    """Convolutions (3 x 3, same size) over maps of `channels`; each of `depth` levels halves maps and doubles width.

    With `per_pixel` maps are not halved and the output stays a map; otherwise it is a vector.
    """

    channels: int
    width: int = 16
    depth: int = 3
    dropout: float = 0.0
    per_pixel: bool = False

    @property
    def out(self) -> int:
        """Length of the output (of each pixel)."""
        return self.width if self.per_pixel else 2 * self.width * 2 ** (self.depth - 1)


@dataclass(frozen=True, slots=True)
class SequenceRnnConfig:
    """A GRU or LSTM over sequences of `size` numbers an item, `depth` layers of `width`."""

    size: int
    width: int = 32
    depth: int = 1
    dropout: float = 0.0
    cell: str = "gru"

    @property
    def out(self) -> int:
        """Length of the output."""
        return self.width


@dataclass(frozen=True, slots=True)
class FusionConfig:
    """Branches by the name of their input, and the head over what they give.

    Attributes
    ----------
    branches
        (input name, configuration) pairs. A branch of sequences also reads the input ``NAME_length`` where given.
    width, depth, dropout
        Of the head; depth 0 is linear.
    outputs
        1 gives (b,), more give (b, outputs); with a branch of maps per pixel (b, h, w) or (b, outputs, h, w).
    prior
        The output where the evidence says nothing: a base-rate logit or log-rate.
    offset
        Name of an input added to the output, such as the log-rate of a statistical model; empty for none.
        The last layer starts at zero, so that the network starts at prior + offset exactly.
    """

    branches: tuple[tuple[str, MlpConfig | MapCnnConfig | SequenceRnnConfig], ...]
    width: int = 64
    depth: int = 1
    dropout: float = 0.0
    outputs: int = 1
    prior: float = 0.0
    offset: str = ""


class Mlp(nn.Module):
    """See `MlpConfig`."""

    def __init__(self, config: MlpConfig) -> None:
        super().__init__()
        layers, size = [], config.size
        for _ in range(config.depth):
            layers += [nn.Linear(size, config.width), nn.LayerNorm(config.width), nn.GELU(), nn.Dropout(config.dropout)]
            size = config.width
        if config.outputs:
            layers.append(nn.Linear(size, config.outputs))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        """(b, size) -> (b, out)."""
        return self.layers(x)


class MapCnn(nn.Module):
    """See `MapCnnConfig`."""

    def __init__(self, config: MapCnnConfig) -> None:
        super().__init__()
        self.per_pixel = config.per_pixel
        layers, channels = [], config.channels
        for level in range(config.depth):
            width = config.width if config.per_pixel else config.width * 2**level
            layers += [
                nn.Conv2d(channels, width, 3, padding=1, bias=False),
                nn.GroupNorm(_groups(width), width),
                nn.GELU(),
            ]
            if not config.per_pixel and level < config.depth - 1:
                layers.append(nn.MaxPool2d(2, ceil_mode=True))
            layers.append(nn.Dropout2d(config.dropout))
            channels = width
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        """(b, channels, h, w) -> (b, out), or (b, out, h, w) per pixel."""
        x = self.layers(x)  # (b, width, h', w')
        if self.per_pixel:
            return x
        return torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)  # (b, 2 width): how much there is, and the most anywhere


class SequenceRnn(nn.Module):
    """See `SequenceRnnConfig`."""

    def __init__(self, config: SequenceRnnConfig) -> None:
        super().__init__()
        cells = {"gru": nn.GRU, "lstm": nn.LSTM}
        if config.cell not in cells:
            raise UnknownNameError("cell", config.cell, cells)
        between = config.dropout if config.depth > 1 else 0.0
        self.rnn = cells[config.cell](config.size, config.width, config.depth, batch_first=True, dropout=between)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x, length=None):
        """(b, n, size), first `length` (b,) items valid -> (b, width); zeros for an empty sequence."""
        states, _ = self.rnn(x)  # (b, n, width); an item never sees those after it, so padding behind is harmless
        if length is None:
            return self.dropout(states[:, -1])
        last = (length.long() - 1).clamp(min=0)[:, None, None].expand(-1, 1, states.shape[2])  # (b, 1, width)
        state = states.gather(1, last)[:, 0]  # (b, width)
        return self.dropout(state * (length > 0).to(state.dtype)[:, None])


class Fusion(nn.Module):
    """Branches side by side, their outputs concatenated, a head over them; see `FusionConfig`."""

    def __init__(self, config: FusionConfig) -> None:
        super().__init__()
        if not config.branches:
            raise InputError("a fusion needs at least one branch")
        self.config = config
        self.branches = nn.ModuleDict({f"on_{name}": _BLOCKS[type(branch)](branch) for name, branch in config.branches})
        self.per_pixel = any(getattr(branch, "per_pixel", False) for _, branch in config.branches)
        size = sum(branch.out for _, branch in config.branches)
        layers = []
        for _ in range(config.depth):
            layers += [nn.Linear(size, config.width), nn.LayerNorm(config.width), nn.GELU(), nn.Dropout(config.dropout)]
            size = config.width
        last = nn.Linear(size, config.outputs)
        nn.init.zeros_(last.weight)
        nn.init.constant_(last.bias, config.prior)
        self.head = nn.Sequential(*layers, last)

    def forward(self, inputs):
        """Dict of (b, ...) -> (b,) or (b, outputs); per pixel (b, h, w) or (b, outputs, h, w)."""
        vectors = []
        for name, branch in self.config.branches:
            block = self.branches[f"on_{name}"]
            if isinstance(branch, SequenceRnnConfig):
                vectors.append(block(inputs[name], inputs.get(f"{name}_length")))  # (b, out)
            else:
                vectors.append(block(inputs[name]))  # (b, out) or (b, out, h, w)
        if self.per_pixel:
            h, w = next(v.shape[2:] for v in vectors if v.ndim == 4)
            maps = [v if v.ndim == 4 else v[:, :, None, None].expand(-1, -1, h, w) for v in vectors]
            joined = torch.cat(maps, 1).permute(0, 2, 3, 1)  # (b, h, w, size): the head works on each pixel alone
            raw = self.head(joined).permute(0, 3, 1, 2)  # (b, outputs, h, w)
        else:
            raw = self.head(torch.cat(vectors, 1))  # (b, outputs)
        if self.config.outputs == 1:
            raw = raw[:, 0]
        return raw + inputs[self.config.offset] if self.config.offset else raw


_BLOCKS = {MlpConfig: Mlp, MapCnnConfig: MapCnn, SequenceRnnConfig: SequenceRnn}
#: Configuration -> network, for `build`; further rooms of networks add theirs with `network_of`.
_NETWORKS: dict[type, type] = {**_BLOCKS, FusionConfig: Fusion}


def network_of(config: type):
    """Class decorator: this network is what `build` makes of a `config`, a frozen dataclass."""

    def register(network: type) -> type:
        _NETWORKS[config] = network
        return network

    return register


def build(config, seed: int = 0) -> "nn.Module":
    """The network of `config` with first weights drawn from `seed`, and from nothing else."""
    if type(config) not in _NETWORKS:
        raise UnknownNameError("configuration", type(config).__name__, [kind.__name__ for kind in _NETWORKS])
    with seeded(seed_of(seed, 3)):
        return _NETWORKS[type(config)](config)


def config_to_json(config) -> dict:
    """`config` as plain values, with its kind, for a model file."""
    if type(config) not in _NETWORKS:
        raise UnknownNameError("configuration", type(config).__name__, [kind.__name__ for kind in _NETWORKS])
    values = {field.name: getattr(config, field.name) for field in fields(config)}
    if isinstance(config, FusionConfig):
        values["branches"] = [[name, config_to_json(branch)] for name, branch in config.branches]
    else:
        values = asdict(config)
    return {"kind": type(config).__name__, **values}


def config_from_json(values: dict):
    """The configuration that `config_to_json` wrote."""
    kinds = {kind.__name__: kind for kind in _NETWORKS}
    values = dict(values)
    kind = values.pop("kind", "")
    if kind not in kinds:
        raise UnknownNameError("configuration", kind, kinds)
    if kind == "FusionConfig":
        values["branches"] = tuple((name, config_from_json(branch)) for name, branch in values["branches"])
    known = {field.name: field for field in fields(kinds[kind])}
    strange = set(values) - set(known)
    if strange:
        raise InputError(f"{kind} has no {', '.join(sorted(strange))}; it has {', '.join(known)}")
    return kinds[kind](**{name: tuple(v) if isinstance(v, list) else v for name, v in values.items()})


def _groups(width: int) -> int:
    """Groups of about 8 channels."""
    return next(groups for groups in range(max(1, width // 8), 0, -1) if width % groups == 0)
