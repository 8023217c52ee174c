"""onnxruntime and OpenCV's dnn, which run the file that graphnet has exported."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.classics.turns import serve_turns
from benchmarks.workers import serve


def run(task: dict[str, Any]) -> None:
    """One net, one batch."""
    data = np.load(task["images"])["data"][: task["batch"]]
    call = {"onnxruntime": _onnxruntime, "opencv": _opencv}[task["runtime"]](task, data)
    serve_turns({"out": np.ravel(call()[0]).tolist()}, call)


def _onnxruntime(task: dict[str, Any], data: np.ndarray) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = task["threads"]
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(task["onnx"], options, ["CPUExecutionProvider"])
    (name,) = (given.name for given in session.get_inputs())
    return lambda: session.run(None, {name: data})[0]


def _opencv(task: dict[str, Any], data: np.ndarray) -> Any:
    import cv2

    cv2.setNumThreads(task["threads"])
    net = cv2.dnn.readNetFromONNX(task["onnx"])

    def call() -> np.ndarray:
        net.setInput(data)
        out: np.ndarray = net.forward()
        return out

    return call


if __name__ == "__main__":
    serve(run)
