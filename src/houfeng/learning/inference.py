"""Networks at work: an ONNX file on ONNX Runtime, without torch."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from houfeng.errors import InputError
from houfeng.learning.examples import as_network_sees
from houfeng.learning.extra import require


class OnnxPredictor:
    """Raw outputs of an exported network.

    Parameters
    ----------
    source
        An ONNX file, or its bytes.
    threads
        CPU threads of one prediction.

    Raises
    ------
    InputError
        When `source` is no network ONNX Runtime can read.
    MissingExtraError
        When onnxruntime is not installed.
    """

    def __init__(self, source: str | Path | bytes, threads: int = 1) -> None:
        runtime = require("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        name = "these bytes" if isinstance(source, bytes) else str(source)
        if not isinstance(source, bytes) and not Path(source).is_file():
            raise InputError(f"there is no network file {name}")
        try:
            given = source if isinstance(source, bytes) else str(source)
            self._session = runtime.InferenceSession(given, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime has an error class of its own for each cause, without a root
            raise InputError(f"{name} cannot be read as an ONNX network: {error}") from error
        #: Names of the inputs, in the order of the network.
        self.inputs = tuple(node.name for node in self._session.get_inputs())

    def predict(self, inputs: Mapping[str, NDArray], batch_size: int = 1024) -> NDArray[np.float32]:
        """Raw outputs for n examples, (n, ...), of arrays by name, (n, ...) each; those it does not know are ignored.

        Raises
        ------
        InputError
            When an input is missing, there are no rows, or a shape does not fit.
        """
        missing = [name for name in self.inputs if name not in inputs]
        if missing:
            raise InputError(f"the network needs {', '.join(self.inputs)}; missing: {', '.join(missing)}")
        feed = {name: as_network_sees(np.asarray(inputs[name])) for name in self.inputs}
        n = len(feed[self.inputs[0]])
        if n == 0:
            raise InputError("no rows to predict")
        raws = []
        for start in range(0, n, batch_size):
            batch = {name: values[start : start + batch_size] for name, values in feed.items()}
            try:
                raws.append(self._session.run(None, batch)[0])
            except Exception as error:  # as above
                shapes = {name: values.shape for name, values in batch.items()}
                raise InputError(f"the network does not take inputs of shapes {shapes}: {error}") from error
        return np.concatenate(raws)
