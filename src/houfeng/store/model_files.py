"""Model files: one ``.houfeng`` file, a zip, holds a fitted model and its card; it is read without configuration.

==================  ==============================================================================
``model.json``      the card, and the SHA-256 and length of every other part
``fitted.pickle``   the fitted model without its networks, read by a list of what may be in it
``network-0.json``  configuration of the first network
``network-0.npz``   its weights, by name
==================  ==============================================================================
"""

import hashlib
import io
import json
import pickle
import platform
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata

import numpy as np

from houfeng.errors import HoufengError, InputError, StoreError
from houfeng.models.base import Fitted
from houfeng.store.model_cards import ModelCard
from houfeng.store.runs import code_version
from houfeng.store.unpickling import read_pickle

SCHEMA = "houfeng-model/1"
MANIFEST, FITTED = "model.json", "fitted.pickle"
#: No part of a model file is larger, in bytes.
LARGEST = 2**31
#: Libraries on which the numbers of a fitted model may depend.
LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError, OSError,
               ValueError)  # fmt: skip


@dataclass(frozen=True, eq=False)
class ModelFile:
    """What a model file holds.

    Attributes
    ----------
    card
        What it is.
    fitted
        Ready to forecast.
    warnings
        Where code or libraries differ from those it was made with.
    digest
        SHA-256 of the file.
    """

    card: ModelCard
    fitted: Fitted
    warnings: tuple[str, ...]
    digest: str


def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that are installed; nothing is imported."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def pack_model(fitted: Fitted, card: ModelCard) -> bytes:
    """The bytes of a model file; the same model and card give the same bytes.

    Raises
    ------
    InputError
        When the model holds something that a model file cannot hold, such as a network without configuration, or a
        layer that is no value of Houfeng.
    """
    parts, stream = {}, io.BytesIO()
    writer = _Writer(stream, parts)
    try:
        writer.dump(fitted)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise InputError(f"{card.name} cannot be written to a model file: {error}") from error
    parts[FITTED] = stream.getvalue()
    listed = {name: {"sha256": hashlib.sha256(part).hexdigest(), "bytes": len(part)} for name, part in parts.items()}
    manifest = {"schema": SCHEMA, "card": card.document(), "parts": listed}
    text = json.dumps(manifest, sort_keys=True, ensure_ascii=False, indent=1)
    content = _zipped({MANIFEST: text.encode(), **parts})
    try:
        read_model(content, where=f"the file of {card.name}")
    except HoufengError as error:
        raise InputError(f"{card.name} cannot be kept in a model file: {error}") from error
    return content


def read_card(content: bytes, *, where: str) -> ModelCard:
    """The card alone: nothing of what was learned is read."""
    return ModelCard.of(_manifest(_opened(content, where), where)["card"])


def read_model(content: bytes, *, where: str) -> ModelFile:
    """What a model file holds; `where` names it in messages.

    Raises
    ------
    StoreError
        When it is no model file, is damaged or cut short, or asks for anything but what a model is made of.
    """
    archive = _opened(content, where)
    manifest = _manifest(archive, where)
    card = ModelCard.of(manifest["card"])
    parts = {name: _part(archive, name, told, where) for name, told in manifest["parts"].items()}
    if FITTED not in parts:
        raise StoreError(f"{where} holds no {FITTED}; get the file again")
    networks: dict[int, object] = {}

    def network(number: int) -> object:
        if number not in networks:
            networks[number] = _network(parts, number, where)
        return networks[number]

    fitted = read_pickle(parts[FITTED], network, where)
    if not isinstance(fitted, Fitted):
        raise StoreError(f"{where} holds a {type(fitted).__name__}, which is no fitted model; do not use it")
    if fitted.model.name != card.model:
        raise StoreError(f"{where} says it is {card.model} and holds {fitted.model.name}; do not use it")
    return ModelFile(card, fitted, differences(card), hashlib.sha256(content).hexdigest())


def differences(card: ModelCard) -> tuple[str, ...]:
    """Where this installation differs from the one the model was made in, a sentence for each."""
    here, found = library_versions(), []
    if card.code_version != code_version():
        found.append(f"made by Houfeng {card.code_version}, read by {code_version()}: forecasts may differ")
    for name, version in card.libraries.items():
        if name in here and here[name] != version:
            found.append(f"made with {name} {version}, read with {here[name]}: forecasts may differ in the last digits")
    return tuple(found)


class _Writer(pickle.Pickler):
    """Writes networks aside, each once, and puts their numbers in their place."""

    def __init__(self, stream: io.BytesIO, parts: dict[str, bytes]) -> None:
        super().__init__(stream, protocol=5)
        self._parts, self._numbers, self._kept = parts, {}, []

    def persistent_id(self, value: object) -> tuple[str, int] | None:
        kind = type(value)
        if not (kind.__module__.startswith(("houfeng.learning", "torch")) and hasattr(value, "state_dict")):
            return None
        if id(value) not in self._numbers:
            self._write(value, len(self._numbers))
            self._numbers[id(value)] = len(self._numbers)
            self._kept.append(value)
        return "network", self._numbers[id(value)]

    def _write(self, network: object, number: int) -> None:
        from houfeng.learning.networks import config_to_json

        if not hasattr(network, "config"):
            raise InputError(f"a network {type(network).__name__} keeps no configuration to be made from again")
        text = json.dumps(config_to_json(network.config), sort_keys=True)
        weights = {name: tensor.detach().cpu().numpy() for name, tensor in network.state_dict().items()}
        self._parts[f"network-{number}.json"] = text.encode()
        arrays = {f"{name}.npy": _npy(array) for name, array in weights.items()}
        self._parts[f"network-{number}.npz"] = _zipped(arrays)


def _network(parts: Mapping[str, bytes], number: int, where: str) -> object:
    from houfeng.learning.networks import build, config_from_json

    names = f"network-{number}.json", f"network-{number}.npz"
    if any(name not in parts for name in names):
        raise StoreError(f"{where} lacks the network {number}; get the file again")
    try:
        network = build(config_from_json(json.loads(parts[names[0]])))
        with np.load(io.BytesIO(parts[names[1]]), allow_pickle=False) as arrays:
            weights = dict(arrays)
    except (*_UNREADABLE, TypeError, HoufengError) as error:
        raise StoreError(f"{where}: network {number} cannot be read: {error}") from error
    places = network.state_dict()
    if set(places) != set(weights) or any(tuple(places[n].shape) != weights[n].shape for n in places):
        raise StoreError(f"{where}: the weights of network {number} do not fit its configuration; get the file again")
    for name, place in places.items():
        place.numpy()[...] = weights[name]
    return network.eval()


def _npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def _zipped(parts: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, part in parts.items():
            told = zipfile.ZipInfo(name, _EPOCH)
            told.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(told, part)
    return stream.getvalue()


def _opened(content: bytes, where: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(content))
    except _UNREADABLE as error:
        raise StoreError(
            f"{where} is no model file, or was cut short ({error}); model files end in .houfeng and come from: "
            "houfeng models get"
        ) from error


def _manifest(archive: zipfile.ZipFile, where: str) -> dict:
    try:
        if archive.getinfo(MANIFEST).file_size > 2**26:
            raise ValueError("its card is too large")
        found = json.loads(archive.read(MANIFEST))
        schema, parts = found["schema"], found["parts"]
        strange = set(archive.namelist()) ^ {MANIFEST, *parts}
        for told in parts.values():
            if not (isinstance(told["sha256"], str) and isinstance(told["bytes"], int)):
                raise ValueError("its list of parts makes no sense")
        if not isinstance(found["card"], dict):
            raise ValueError("its card makes no sense")
    except (*_UNREADABLE, TypeError, AttributeError) as error:
        raise StoreError(f"{where} is no model file, or is damaged: {error}; get the file again") from error
    if schema != SCHEMA:
        raise StoreError(f"{where} is written as {schema}; this Houfeng reads {SCHEMA}: upgrade, or get another file")
    if strange:
        raise StoreError(f"{where} lacks or has beyond its list: {', '.join(sorted(strange))}; get the file again")
    return found


def _part(archive: zipfile.ZipFile, name: str, told: Mapping[str, object], where: str) -> bytes:
    damaged = f"{where} is damaged: {name} no longer has the checksum it was written with; get the file again"
    size = archive.getinfo(name).file_size
    if size != told["bytes"] or size > LARGEST:
        raise StoreError(damaged)
    try:
        part = archive.read(name)
    except _UNREADABLE as error:
        raise StoreError(damaged) from error
    if hashlib.sha256(part).hexdigest() != told["sha256"]:
        raise StoreError(damaged)
    return part
