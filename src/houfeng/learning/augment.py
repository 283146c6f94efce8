"""Small changes to inputs that leave the label true, for pictures, waveforms and maps.

Each augmentation is a frozen value that is called by the engine on a batch, ``augment(inputs, generator)``: a dict of
tensors in, a new dict out, all randomness from the given `torch.Generator`. Strength zero changes nothing.

Waveforms are not flipped in polarity unless asked for: whether a window holds P, S or noise does not depend on the
sign, but first-motion polarity and the orientation of components carry meaning for other labels. `polarity` flips
all components together, as an upside-down sensor would.
"""

import math
from dataclasses import dataclass

from houfeng.errors import InputError
from houfeng.learning.extra import require

torch = require("torch")
functional = torch.nn.functional


def _draw(n: int, generator: "torch.Generator", like: "torch.Tensor") -> "torch.Tensor":
    """(n,) uniform in [-1, 1)."""
    return (2 * torch.rand(n, generator=generator) - 1).to(like.device)


def _chance(n: int, probability: float, generator: "torch.Generator", like: "torch.Tensor") -> "torch.Tensor":
    """(n,) of which each is true with that probability."""
    return (torch.rand(n, generator=generator) < probability).to(like.device)


def _check(name: str, values: dict[str, float], shares: tuple[str, ...]) -> None:
    for field, value in values.items():
        if not (math.isfinite(value) and value >= 0):
            raise InputError(f"{name}: {field}={value} must not be negative")
        if field in shares and value > 1:
            raise InputError(f"{name}: {field}={value} is a share: between 0 and 1")


@dataclass(frozen=True)
class ImageAugment:
    """Turn, mirror, cut, shear, zoom, light, noise and missing channels, for pictures of pixels 0..255.

    Attributes
    ----------
    rotate_degrees, shear_degrees
        Largest angle either way. What turns in from outside is the picture's own mirror image.
    zoom, crop
        Largest change of size either way, and of place as a share of the side.
    flip
        Whether to mirror left-right and up-down, each with a chance of one half.
    brightness, contrast
        Largest change, as a share of 255, and as a share of the contrast.
    noise
        Standard deviation of Gaussian noise, as a share of 255.
    channel_drop
        Chance that one channel becomes the mean of that channel.
    name
        Of the input that is changed, (b, channels, h, w).
    """

    rotate_degrees: float = 0.0
    shear_degrees: float = 0.0
    zoom: float = 0.0
    crop: float = 0.0
    flip: bool = False
    brightness: float = 0.0
    contrast: float = 0.0
    noise: float = 0.0
    channel_drop: float = 0.0
    name: str = "image"

    def __post_init__(self) -> None:
        values = {key: value for key, value in vars(self).items() if key not in ("flip", "name")}
        _check("ImageAugment", values, ("crop", "brightness", "noise", "channel_drop"))
        if self.zoom >= 1 or self.shear_degrees >= 90:
            raise InputError(f"zoom={self.zoom} must be below 1 and shear_degrees={self.shear_degrees} below 90")

    def __call__(self, inputs: dict[str, "torch.Tensor"], generator: "torch.Generator") -> dict[str, "torch.Tensor"]:
        """A new dict in which the pictures are changed."""
        return {**inputs, self.name: self._colours(self._geometry(inputs[self.name], generator), generator)}

    def _geometry(self, x: "torch.Tensor", generator: "torch.Generator") -> "torch.Tensor":
        n = len(x)
        if self.flip:
            for axis in (-1, -2):
                mirrored = _chance(n, 0.5, generator, x)[:, None, None, None]
                x = torch.where(mirrored, x.flip(axis), x)
        if not any((self.rotate_degrees, self.shear_degrees, self.zoom, self.crop)):
            return x
        angle = _draw(n, generator, x) * math.radians(self.rotate_degrees)
        shear = torch.tan(_draw(n, generator, x) * math.radians(self.shear_degrees))
        size = 1 / (1 + _draw(n, generator, x) * self.zoom)
        cos, sin = torch.cos(angle) * size, torch.sin(angle) * size
        shift = [_draw(n, generator, x) * self.crop for _ in range(2)]
        matrix = torch.stack(  # (n, 2, 3): place in the old picture of a place in the new one, both in [-1, 1]
            [torch.stack([cos, shear * cos - sin, shift[0]], 1), torch.stack([sin, shear * sin + cos, shift[1]], 1)], 1
        )
        grid = functional.affine_grid(matrix.to(x.dtype), list(x.shape), align_corners=False)
        return functional.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)

    def _colours(self, x: "torch.Tensor", generator: "torch.Generator") -> "torch.Tensor":
        n = len(x)
        if self.contrast:
            factor = 1 + _draw(n, generator, x)[:, None, None, None] * self.contrast
            mean = x.mean((1, 2, 3), keepdim=True)
            x = (x - mean) * factor + mean
        if self.brightness:
            x = x + 255 * self.brightness * _draw(n, generator, x)[:, None, None, None]
        if self.noise:
            x = x + 255 * self.noise * torch.randn(x.shape, generator=generator).to(x.device)
        if self.channel_drop:
            x = _without_a_channel(x, self.channel_drop, generator)
        changed = self.contrast or self.brightness or self.noise
        return x.clamp(0, 255) if changed else x


@dataclass(frozen=True)
class WaveformAugment:
    """Time shift, noise, amplitude, missing components and polarity, for windows (b, components, samples).

    Attributes
    ----------
    shift_samples
        Largest shift either way; the gap is filled with the window's own mirror image. A label that holds anywhere
        in the window survives, one that names a sample does not.
    noise
        Standard deviation of white noise, as a share of each window's own standard deviation.
    amplitude
        Largest change of the natural logarithm of the amplitude.
    channel_drop
        Chance that one component is dead (zero), as in many real records.
    polarity
        Chance of all components changing sign together.
    name
        Of the input that is changed.
    """

    shift_samples: int = 0
    noise: float = 0.0
    amplitude: float = 0.0
    channel_drop: float = 0.0
    polarity: float = 0.0
    name: str = "waveform"

    def __post_init__(self) -> None:
        values = {key: value for key, value in vars(self).items() if key != "name"}
        _check("WaveformAugment", values, ("channel_drop", "polarity"))

    def __call__(self, inputs: dict[str, "torch.Tensor"], generator: "torch.Generator") -> dict[str, "torch.Tensor"]:
        """A new dict in which the windows are changed."""
        x = inputs[self.name]
        n, _, samples = x.shape
        if self.shift_samples:
            if self.shift_samples >= samples:
                raise InputError(f"shift_samples={self.shift_samples} is not shorter than the window of {samples}")
            shift = torch.randint(-self.shift_samples, self.shift_samples + 1, (n,), generator=generator).to(x.device)
            place = torch.arange(samples, device=x.device)[None, :] + shift[:, None]  # (n, samples)
            place = place.abs()
            place = torch.where(place > samples - 1, 2 * (samples - 1) - place, place)
            x = x.gather(2, place[:, None, :].expand_as(x))
        if self.noise:
            deviation = x.std((1, 2), keepdim=True)
            x = x + self.noise * deviation * torch.randn(x.shape, generator=generator).to(x.device)
        if self.amplitude:
            x = x * torch.exp(_draw(n, generator, x) * self.amplitude)[:, None, None]
        if self.channel_drop:
            x = _without_a_channel(x, self.channel_drop, generator, fill=0.0)
        if self.polarity:
            sign = 1 - 2 * _chance(n, self.polarity, generator, x).to(x.dtype)
            x = x * sign[:, None, None]
        return {**inputs, self.name: x}


@dataclass(frozen=True)
class MapAugment:
    """Quarter turns and mirror images of maps (b, channels, h, w): the physics of seismicity knows no north.

    Use it only where no channel has a direction (wind, strike, strain components) and cells are about square.
    The same turn is given to all `names` of an example, and quarter turns need square maps.
    """

    turn: bool = True
    flip: bool = True
    names: tuple[str, ...] = ("map",)

    def __call__(self, inputs: dict[str, "torch.Tensor"], generator: "torch.Generator") -> dict[str, "torch.Tensor"]:
        """A new dict in which the maps are laid anew."""
        changed = dict(inputs)
        n = len(next(iter(inputs.values())))
        turns = torch.randint(0, 4 if self.turn else 1, (n,), generator=generator)
        flips = torch.rand(n, generator=generator) < (0.5 if self.flip else 0.0)
        for name in self.names:
            x = inputs[name]
            if self.turn and x.shape[-1] != x.shape[-2]:
                raise InputError(f"maps '{name}' of {tuple(x.shape[-2:])} are not square: set turn=False")
            laid = torch.empty_like(x)
            for quarter in range(4 if self.turn else 1):
                for mirrored in (False, True):
                    rows = (turns == quarter) & (flips == mirrored)
                    view = x[rows].rot90(quarter, (-2, -1))
                    laid[rows] = view.flip(-1) if mirrored else view
            changed[name] = laid
        return changed


def pick_view(inputs: dict[str, "torch.Tensor"], generator: "torch.Generator") -> dict[str, "torch.Tensor"]:
    """One of the stored views of each example, (b, views, c, h, w) -> (b, c, h, w), of the input ``image``."""
    x = inputs["image"]
    view = torch.randint(0, x.shape[1], (len(x),), generator=generator).to(x.device)
    return {**inputs, "image": x[torch.arange(len(x), device=x.device), view]}


def _without_a_channel(
    x: "torch.Tensor", probability: float, generator: "torch.Generator", fill: float | None = None
) -> "torch.Tensor":
    """One channel of some examples set to `fill`, or to its own mean."""
    n, channels = x.shape[:2]
    dropped = _chance(n, probability, generator, x)[:, None]
    which = torch.randint(0, channels, (n,), generator=generator).to(x.device)[:, None]
    gone = dropped & (torch.arange(channels, device=x.device)[None, :] == which)  # (n, channels)
    gone = gone.reshape(n, channels, *[1] * (x.ndim - 2))
    flat = x.flatten(2).mean(2).reshape(gone.shape) if fill is None else torch.full_like(x[:1, :1], fill)
    return torch.where(gone, flat, x)
