"""A plain service of an ONNX net by FastAPI and onnxruntime, as one would write it in an hour.

    python benchmarks/fastapi_worker.py NET.onnx THREADS

It prints its address on the first line. Nothing of graphnet is imported.
"""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from typing import Any


def application(file: str, threads: int) -> Any:
    """The application: ``POST /predict`` of rows as JSON."""
    import numpy as np
    import onnxruntime
    from fastapi import FastAPI
    from pydantic import BaseModel

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    names = [output.name for output in session.get_outputs()]
    app = FastAPI()

    class Rows(BaseModel):
        inputs: dict[str, list[list[float]]]

    def predict(body: Any) -> dict[str, Any]:
        rows = np.asarray(body.inputs[given.name], np.float32).reshape(-1, *given.shape[1:])
        return {
            "outputs": {
                n: a.tolist()
                for n, a in zip(names, session.run(names, {given.name: rows}), strict=True)
            }
        }

    predict.__annotations__["body"] = Rows  # which is made here, where FastAPI cannot look it up
    app.post("/predict")(predict)
    return app


def main() -> None:
    """Serve until a signal ends it."""
    import uvicorn

    # with its protocol said, as uvicorn opens sockets itself: asyncio looks at it for TCP_NODELAY
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
        app = application(sys.argv[1], int(sys.argv[2]))
        config = uvicorn.Config(app, log_level="error", access_log=False)
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
