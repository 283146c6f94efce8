"""Windows of three components told apart: P arrives in it, S arrives in it, or noise alone.

Windows are cut at random offsets around each arrival, never at a fixed place, demeaned and divided by their own
standard deviation. Splits are by earthquake.
"""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from houfeng.errors import InputError, SourceError
from houfeng.learning.examples import Examples
from houfeng.learning.extra import require
from houfeng.learning.networks import network_of
from houfeng.learning.simulated_waveforms import CLASSES, NOISE, P, Records, S

torch = require("torch")
nn = torch.nn


@dataclass(frozen=True, slots=True)
class WaveformConfig:
    """A small network on windows (b, 3, samples).

    Attributes
    ----------
    design
        ``cnn``: convolutions alone; ``gru``: two convolutions that shorten the window, and a GRU over what is left.
    width, dropout
        Of the layers.
    outputs
        One logit a class.
    """

    design: str = "cnn"
    width: int = 16
    dropout: float = 0.1
    outputs: int = len(CLASSES)

    def __post_init__(self) -> None:
        if self.design not in ("cnn", "gru"):
            raise InputError(f"design '{self.design}' is none of cnn, gru")


@network_of(WaveformConfig)
class WaveformNetwork(nn.Module):
    """See `WaveformConfig`; the input is named ``waveform``."""

    def __init__(self, config: WaveformConfig) -> None:
        super().__init__()
        self.config, w = config, config.width
        widths = (3, w, w, 2 * w, 2 * w) if config.design == "cnn" else (3, w, 2 * w)
        strides = (2, 2, 2, 2) if config.design == "cnn" else (4, 4)
        layers: list[nn.Module] = []
        for inputs, outputs, stride in zip(widths, widths[1:], strides, strict=False):
            layers += [
                nn.Conv1d(inputs, outputs, 7, stride, padding=3, bias=False),
                nn.GroupNorm(1, outputs),
                nn.GELU(),
                nn.Dropout(config.dropout),
            ]
        self.layers = nn.Sequential(*layers)
        self.rnn = nn.GRU(2 * w, 2 * w, batch_first=True) if config.design == "gru" else None
        self.head = nn.Linear(4 * w, config.outputs)

    def forward(self, inputs):
        """Dict with waveform (b, 3, samples) -> logits (b, outputs)."""
        x = self.layers(inputs["waveform"])  # (b, 2 width, samples / 16)
        if self.rnn is not None:
            x = self.rnn(x.transpose(1, 2))[0].transpose(1, 2)  # (b, 2 width, samples / 16)
        return self.head(torch.cat([x.mean(2), x.amax(2)], 1))


def read_records(folder: str | Path) -> Records:
    """Records of a folder of .npz files: ``data`` (samples, 3) at 100 Hz, ``itp`` and ``its`` (samples of P and S).

    One file is one event. Files of other lengths than the first are an error.

    Raises
    ------
    SourceError
        When there is no such file, or one cannot be read; the message names it.
    """
    files = sorted(Path(folder).glob("*.npz"))
    if not files:
        raise SourceError(f"no .npz record in {folder}; each needs data (samples, 3), itp and its")
    data, p, s = [], [], []
    for path in files:
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
                one = np.asarray(kept["data"], float)
                itp, its = (int(np.ravel(kept[name])[0]) for name in ("itp", "its"))
        except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise SourceError(f"{path} is no record with data, itp and its: {error}") from error
        if one.ndim == 2 and not np.isfinite(one).all():
            raise SourceError(f"{path}: sample {int(np.argmin(np.isfinite(one).all(1)))} is not a finite number")
        if one.ndim != 2 or one.shape[1] != 3 or not 0 < itp < its < len(one):
            raise SourceError(f"{path}: data {one.shape} with P at {itp} and S at {its} make no record of (samples, 3)")
        if data and len(one) != data[0].shape[1]:
            raise SourceError(f"{path} has {len(one)} samples, the files before {data[0].shape[1]}: cut them alike")
        data.append(one.T.astype(np.float32))
        p.append(itp)
        s.append(its)
    return Records(np.stack(data), np.array(p), np.array(s), np.arange(len(files)), False, tuple(map(str, files)))


def cut_windows(
    records: Records, rng: np.random.Generator, *, samples: int = 200, each: int = 1
) -> tuple[Examples, NDArray[np.int64]]:
    """Windows of every class of every record, at random offsets.

    Parameters
    ----------
    records
        What is cut.
    rng
        Of the offsets. An arrival lies between a fifth and four fifths of its window; a noise window ends at least
        ten samples before P. An S window may hold P where they are close, a P window never S.
    samples
        Length of a window.
    each
        Windows of each class from each record.

    Returns
    -------
    examples, event
        Input ``waveform`` (n, 3, samples), target (n,) the index in `CLASSES`; and the event of each, (n,).
    """
    length, low, high = records.data.shape[2], samples // 5, 4 * samples // 5
    windows, labels, places = [], [], []
    for place, (record, p, s) in enumerate(zip(records.data, records.p_sample, records.s_sample, strict=True)):
        for _ in range(each):
            choices = {
                NOISE: (0, p - samples - 10),
                P: (max(p - high, 0), min(p - low, s - samples - 1)),
                S: (max(s - high, 0), min(s - low, length - samples)),
            }
            for label, (first, last) in choices.items():
                if last <= first:
                    continue  # too short before P, S in the window of P, or S at the record's end: no such window
                start = int(rng.integers(first, last))
                windows.append(normalised(record[:, start : start + samples]))
                labels.append(label)
                places.append(place)
    if not windows:
        raise InputError(f"no window of {samples} samples fits into records of {length}")
    names = tuple(records.names[place] for place in places) if records.names else ()
    return Examples({"waveform": np.stack(windows)}, np.array(labels), names=names), records.event[places]


def normalised(window: NDArray[np.floating]) -> NDArray[np.float32]:
    """A window (3, samples) without its means, over its standard deviation; a dead window stays zero."""
    window = np.asarray(window, float) - np.mean(window, axis=1, keepdims=True)
    return (window / max(window.std(), 1e-12)).astype(np.float32)


def by_event(event: NDArray[np.integer], share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Mask (n,) of about `share` of the events: theirs are the windows to be judged on."""
    names = np.unique(event)
    if not 0 < share < 1 or len(names) < 2:
        raise InputError(f"share={share} of {len(names)} events: at least two events and a share between 0 and 1")
    count = min(max(1, round(share * len(names))), len(names) - 1)
    return np.isin(event, rng.choice(names, count, replace=False))


def rule_features(windows: NDArray[np.floating]) -> NDArray[np.float64]:
    """What the textbook rule looks at, (n, 2), in windows (n, 3, samples) with up last.

    The logarithm of the largest STA/LTA (an eighth of the window over up to half of it before), and that of the
    horizontal over the vertical energy in that eighth. The rule (noise below a threshold, then P where up rules and S
    where it does not) is the baseline of the networks.
    """
    n, _, samples = windows.shape
    short, long = samples // 8, samples // 2
    total = np.cumsum(np.pad((windows.astype(float) ** 2), ((0, 0), (0, 0), (1, 0))), axis=2)  # (n, 3, samples + 1)
    ends = np.arange(short * 2, samples - short + 1)
    after = total[:, :, ends + short] - total[:, :, ends]  # (n, 3, places)
    begin = np.maximum(ends - long, 0)
    before = (total[:, :, ends] - total[:, :, begin]).sum(1) / (ends - begin)
    ratio = after.sum(1) / short / np.maximum(before, 1e-12)
    place = ratio.argmax(1)
    energy = after[np.arange(n), :, place]
    horizontal = (energy[:, 0] + energy[:, 1] + 1e-12) / (2 * energy[:, 2] + 1e-12)
    return np.stack([np.log(ratio.max(1) + 1e-12), np.log(horizontal)], axis=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """STA/LTA and polarisation: two thresholds, fitted on training windows alone."""

    onset: float
    horizontal: float

    def classes(self, windows: NDArray[np.floating]) -> NDArray[np.int64]:
        """Class of each window, (n,)."""
        onset, horizontal = rule_features(windows).T
        return np.where(onset < self.onset, NOISE, np.where(horizontal < self.horizontal, P, S))


def fit_rule(examples: Examples) -> Rule:
    """The thresholds of best balanced accuracy, among the deciles of the windows."""
    windows, labels = examples.inputs["waveform"], examples.target
    features = rule_features(windows)
    grid = np.linspace(0.02, 0.98, 25)
    best, kept = -1.0, Rule(0.0, 0.0)
    for onset in np.quantile(features[:, 0], grid):
        for horizontal in np.quantile(features[:, 1], grid):
            guess = np.where(features[:, 0] < onset, NOISE, np.where(features[:, 1] < horizontal, P, S))
            score = balanced_accuracy(labels, guess)
            if score > best:
                best, kept = score, Rule(float(onset), float(horizontal))
    return kept


def balanced_accuracy(labels: NDArray[np.integer], guess: NDArray[np.integer]) -> float:
    """Mean over the classes that occur of the share that is told right; no skill is 1 / classes."""
    return float(np.mean([(guess[labels == value] == value).mean() for value in np.unique(labels)]))
