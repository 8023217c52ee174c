"""Measures ``graphnet serve`` beside a plain service by FastAPI and onnxruntime, in one run.

    python -m benchmarks.serving --peer-python PATH/TO/python [--doc docs/serve.md]

Both serve the same net with the same params, take the same bodies, and are asked in turns: by one
client, one request after the other, and by sixteen at once. Every answer is compared first. The
Python that is named has fastapi, uvicorn and onnxruntime; without it graphnet is measured alone.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import graphnet as gn
from benchmarks import machine
from benchmarks.tables import Table, write_document
from graphnet.interchange.onnx.exporting import export_onnx

ROOT = Path(__file__).parents[1]
OURS, THEIRS = "graphnet serve", "FastAPI + onnxruntime"
CLIENTS = 16
NET = """\
name: lenet
layers:
  - {name: data, type: Input, batch_size: 1, shapes: {data: [1, 28, 28]}, tops: [data]}
  - {name: conv1, type: Convolution, n_filter: 20, kernel: 5, bottoms: [data], tops: [conv1]}
  - {name: pool1, type: Pooling, kernel: 2, stride: 2, bottoms: [conv1], tops: [pool1]}
  - {name: conv2, type: Convolution, n_filter: 50, kernel: 5, bottoms: [pool1], tops: [conv2]}
  - {name: pool2, type: Pooling, kernel: 2, stride: 2, bottoms: [conv2], tops: [pool2]}
  - {name: ip1, type: InnerProduct, output_dim: 500, neuron: ReLU, bottoms: [pool2], tops: [ip1]}
  - {name: ip2, type: InnerProduct, output_dim: 10, bottoms: [ip1], tops: [ip2]}
  - {name: prob, type: Softmax, bottoms: [ip2], tops: [prob]}
"""


class Service(NamedTuple):
    """A service that runs.

    Attributes:
        port: Where it listens.
        pid: Its process.
    """

    port: int
    pid: int

    def seconds(self) -> float:
        """Processor time that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(command: list[str]) -> Iterator[Service]:
    """A service as a process of its own."""
    variables = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=variables) as process:
        try:
            first = process.stdout.readline() if process.stdout else ""
            if not first.startswith("http"):
                raise RuntimeError(f"{' '.join(command)} does not serve: {first}")
            yield Service(int(first.strip().rpartition(":")[2]), process.pid)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def ask(port: int, bodies: list[bytes]) -> tuple[list[float], list[Any]]:
    """Ask over one connection: the seconds of each request, and the answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    seconds, answers = [], []
    for body in bodies:
        start = time.perf_counter()
        connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read()
        seconds.append(time.perf_counter() - start)
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{answer.status}: {said[:200]!r}")
        answers.append(said)
    connection.close()
    return seconds, [json.loads(said)["outputs"]["prob"] for said in answers]


def measure(services: Mapping[str, Service], n: int, rounds: int) -> dict[str, Any]:
    """Latency, throughput and processor time of each service, in turns.

    Args:
        services: By name.
        n: Requests of the single client in a round; each of the sixteen sends a quarter of it.
        rounds: How often.
    """
    draw = np.random.default_rng(0)
    rows = draw.random((n, 784)).astype(np.float32).round(4)
    bodies = [json.dumps({"inputs": {"data": [row]}}).encode() for row in rows.tolist()]
    answers = {name: ask(one.port, bodies[:20])[1] for name, one in services.items()}
    first = next(iter(answers.values()))
    for found in answers.values():
        np.testing.assert_allclose(found, first, rtol=1e-3, atol=1e-6)
    sides: dict[str, Any] = {
        name: {key: [] for key in ("one", "one_cpu", "many", "many_cpu", "rate")}
        for name in services
    }
    share = max(1, n // 4)
    for _ in range(rounds):
        for name, service in services.items():
            side, port = sides[name], service.port
            used = service.seconds()
            side["one"] += ask(port, bodies)[0]
            side["one_cpu"].append((service.seconds() - used) / n)
            used = service.seconds()
            with ThreadPoolExecutor(CLIENTS) as pool:
                start = time.perf_counter()
                asked = list(pool.map(lambda _, p=port: ask(p, bodies[:share]), range(CLIENTS)))
                side["rate"].append(CLIENTS * share / (time.perf_counter() - start))
            side["many"] += [s for seconds, _ in asked for s in seconds]
            side["many_cpu"].append((service.seconds() - used) / (CLIENTS * share))
    return sides


def figures(side: Mapping[str, Any]) -> list[float]:
    """Of one client the quickest tenth and the median, and the processor time; the same of many."""
    return [
        float(np.quantile(side["one"], 0.1)) * 1000,
        statistics.median(side["one"]) * 1000,
        statistics.mean(side["one_cpu"]) * 1000,
        statistics.median(side["rate"]),
        statistics.median(side["many"]) * 1000,
        statistics.mean(side["many_cpu"]) * 1000,
    ]


def table(sides: Mapping[str, Any]) -> Table:
    """What was measured, as the documentation shows it."""
    found = {name: figures(side) for name, side in sides.items()}
    formats = ("{:.2f} ms", "{:.2f} ms", "{:.2f} ms", "{:,.0f} a second", "{:.1f} ms", "{:.2f} ms")
    rows = [
        [name, *(text.format(value) for text, value in zip(formats, values, strict=True))]
        for name, values in found.items()
    ]
    if len(sides) > 1:
        ours, theirs = found.values()
        ratios = [f"{a / b:.2f}" if b else "" for a, b in zip(ours, theirs, strict=True)]
        rows.append(["ratio", *ratios])
    header = ["service", "one client: quickest tenth", "median", "processor"]
    header += [f"{CLIENTS} clients", "median", "processor"]
    return Table("serving", "a LeNet, requests of one row as JSON", header, rows)


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--peer-python", metavar="PY", help="has fastapi, uvicorn, onnxruntime")
    parser.add_argument("--requests", type=int, default=40, help="of a round; default 40")
    parser.add_argument("--rounds", type=int, default=15, help="default 15")
    parser.add_argument("--threads", type=int, default=1, help="of each side; default 1")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    parser.add_argument("--doc", type=Path, help="replace the measured block of this document")
    options = parser.parse_args()
    about = machine.describe()
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        folder = Path(place)
        (folder / "lenet.yaml").write_text(NET)
        net = gn.load_net(folder / "lenet.yaml", "test", seed=1)
        gn.save_model(net, folder / "lenet.h5")
        threads = str(options.threads)
        ours = [sys.executable, "-m", "graphnet", "serve", str(folder / "lenet.h5"), "--port", "0"]
        services = {OURS: stack.enter_context(served([*ours, "--threads", threads]))}
        if options.peer_python:
            export_onnx(folder / "lenet.yaml", folder / "lenet.onnx", folder / "lenet.h5")
            worker = str(Path(__file__).with_name("fastapi_worker.py"))
            theirs = [options.peer_python, worker, str(folder / "lenet.onnx"), threads]
            services[THEIRS] = stack.enter_context(served(theirs))
        sides = measure(services, options.requests, options.rounds)
    made = table(sides)
    print(made.text())
    if machine.is_busy(about):
        print(f"the machine was busy (load {about['load']}): the times tell little")
    if options.json:
        options.json.write_text(json.dumps({"machine": about, "sides": sides}, indent=1) + "\n")
    if options.doc:
        write_document(options.doc, {made.key: made.markdown()})


if __name__ == "__main__":
    main()
