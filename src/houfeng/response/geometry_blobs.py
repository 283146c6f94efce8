"""Lines out of the binary shapes that GeoPackage keeps (OGC 12-128r17, clause 2.1.3; ISO well-known binary)."""

import struct

import numpy as np

_LINE, _MULTILINE = 2, 5
_ENVELOPE_BYTES = (0, 32, 48, 48, 64)


def geopackage_lines(blob: bytes) -> list[np.ndarray]:
    """Lines of one GeoPackage geometry, each of shape (k, 2); none when it is empty.

    Raises
    ------
    ValueError
        When it is damaged or is no line.
    """
    if len(blob) < 8 or blob[:2] != b"GP":
        raise ValueError("it is not a GeoPackage geometry")
    envelope = (blob[3] >> 1) & 7
    if envelope >= len(_ENVELOPE_BYTES):
        raise ValueError(f"its envelope is of the unknown kind {envelope}")
    if (blob[3] >> 4) & 1:
        return []
    return _lines(blob, 8 + _ENVELOPE_BYTES[envelope])[0]


def _lines(blob: bytes, at: int) -> tuple[list[np.ndarray], int]:
    """Lines of the well-known binary at byte `at`, and where it ends."""
    try:
        order = "<" if blob[at] else ">"
        code, count = struct.unpack_from(order + "II", blob, at + 1)
    except (IndexError, struct.error) as error:
        raise ValueError("it is cut short") from error
    extended = code & 0xE0000000  # the old way to say "with Z", "with M" and "with a reference"
    kind, flavour = code & 0xFFFF, (code & 0xFFFF) // 1000
    kind %= 1000
    width = 2 + (1 if extended & 0x80000000 else 0) + (1 if extended & 0x40000000 else 0)
    width = {0: width, 1: 3, 2: 3, 3: 4}.get(flavour, width)
    at += 9
    if kind == _LINE:
        try:
            points = np.frombuffer(blob, order + "f8", count * width, at).reshape(count, width)
        except ValueError as error:
            raise ValueError("it is cut short") from error
        return [points[:, :2].astype(float)] if count else [], at + 8 * count * width
    if kind == _MULTILINE:
        found = []
        for _ in range(count):
            lines, at = _lines(blob, at)
            found += lines
        return found, at
    raise ValueError(f"it is of kind {kind}, not a line")
