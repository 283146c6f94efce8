"""A network too large for one device, cut between layers: stages on several devices, batches in pieces.

The pieces follow one another through the stages (GPipe: Huang et al. 2019, arXiv:1811.06965), so that with
asynchronous devices all stages are at work at once. Outputs and gradients are those of the uncut network.
No machine with two GPUs was at hand: the order was tested, the gain was not measured.
"""

from collections.abc import Sequence

from houfeng.errors import InputError
from houfeng.learning.extra import require

torch = require("torch")


class Pipeline(torch.nn.Module):
    """`layers` in a row, cut into one stage a device.

    Parameters
    ----------
    layers
        Each takes the output of the one before, (b, ...). They must look at one example at a time (no batch norm).
    devices
        Names of devices, one a stage: ``["cuda:0", "cuda:1"]``; the same one may come twice.
    pieces
        Into how many a batch is cut.
    """

    def __init__(self, layers: Sequence["torch.nn.Module"], devices: Sequence[str], pieces: int = 4) -> None:
        super().__init__()
        if pieces < 1:
            raise InputError(f"pieces={pieces}: at least one is needed")
        self.devices, self.pieces = [torch.device(name) for name in devices], pieces
        stages = cut([sum(p.numel() for p in layer.parameters()) for layer in layers], len(devices))
        self.stages = torch.nn.ModuleList(
            torch.nn.Sequential(*layers[stage]).to(device) for stage, device in zip(stages, self.devices, strict=True)
        )

    def forward(self, x):
        """(b, ...) -> (b, ...), on the last device."""
        pieces = list(x.chunk(self.pieces))
        for tick in range(len(pieces) + len(self.stages) - 1):
            # Later stages first: they free their devices of what the earlier ones hand on in this tick.
            for place in reversed(range(len(self.stages))):
                number = tick - place
                if 0 <= number < len(pieces):
                    pieces[number] = self.stages[place](pieces[number].to(self.devices[place], non_blocking=True))
        return torch.cat(pieces)


def cut(sizes: Sequence[int], stages: int) -> list[slice]:
    """Cut a row of layers into `stages` runs of about the same number of parameters, none empty.

    Examples
    --------
    >>> cut([10, 10, 20, 5, 5], 2)
    [slice(0, 2, None), slice(2, 5, None)]
    """
    if not 1 <= stages <= len(sizes):
        raise InputError(f"{len(sizes)} layers cannot be cut into {stages} stages")
    edges, total, reached = [0], sum(sizes), 0
    for number, size in enumerate(sizes):
        left = stages - len(edges)
        middle = reached + size / 2  # a layer belongs to the stage its middle falls into
        if left and number > edges[-1] and (middle * stages > total * len(edges) or len(sizes) - number == left):
            edges.append(number)
        reached += size
    edges.append(len(sizes))
    return [slice(first, last) for first, last in zip(edges, edges[1:], strict=False)]
