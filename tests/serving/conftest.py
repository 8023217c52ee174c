"""What the tests of the service share: a small net of pictures, served by a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

import graphnet as gn

NET = """\
name: tiny
layers:
  - {name: d, type: HDF5Data, source: "dataset:digits28/test", batch_size: 4, tops: [data, label],
     transformers: {data: [{type: Scale, scale: 0.00390625}]}}
  - {name: ip, type: InnerProduct, output_dim: 10, bottoms: [data], tops: [ip],
     weight_init: {type: Gaussian, std: 0.05}}
  - {name: loss, type: SoftmaxLoss, bottoms: [ip, label]}
  - {name: prob, type: Softmax, phase: test, bottoms: [ip], tops: [prob]}
"""


class Client:
    """Asks a service, one connection for each request."""

    def __init__(self, address):
        self.port = int(address.rpartition(":")[2])

    def ask(self, method, path, body=None, **headers):
        """Status, headers, and the answer, which is parsed if it is JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = json.dumps(body).encode() if isinstance(body, dict) else body
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        try:
            connection.request(method, path, sent, named)
            answer = connection.getresponse()
            said = answer.read()
        finally:
            connection.close()
        is_json = "json" in (answer.getheader("Content-Type") or "")
        return answer.status, answer, json.loads(said) if is_json else said.decode()

    def predict(self, body, **headers):
        """Status and answer of ``POST /predict``."""
        status, _, said = self.ask("POST", "/predict", body, **headers)
        return status, said


@contextmanager
def served(folder, *options, **environment):
    """The process, and a client of it."""
    command = [sys.executable, "-m", "graphnet", "serve", *options, "--port", "0"]
    variables = os.environ | {"PYTHONPATH": str(Path(gn.__file__).parents[1])} | environment
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, text=True, env=variables
    ) as process:
        try:
            yield process, Client(process.stdout.readline().strip())
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(60)


@pytest.fixture(scope="session", name="made")
def _made(tmp_path_factory):
    """A folder with a net and a model of it."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "net.yaml").write_text(NET)
    net = gn.load_net(folder / "net.yaml", phase="test", seed=3)
    gn.save_model(net, folder / "model.h5")
    return folder


@pytest.fixture(scope="session", name="net")
def _net(made):
    """The same net, to compare with."""
    net = gn.load_net(made / "net.yaml", phase="test")
    gn.load_weights(net, made / "model.h5")
    return net


@pytest.fixture(scope="session", name="client")
def _client(made):
    """Of a service that takes small requests."""
    for name in ("starlette", "uvicorn", "PIL"):
        pytest.importorskip(name, reason="the service needs the extra serve")
    options = ("--max-body", "2MB", "--max-rows", "100", "--timeout", "2")
    with served(made, "net.yaml", "--weights", "model.h5", *options) as (_, client):
        yield client
