"""A small net of pictures, and a process that serves it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import graphnet as gn
from graphnet.cli.given.trained import fill
from graphnet.data.record import DataRecord
from graphnet.inference.trained import read_trained
from graphnet.net.spec import read_net
from graphnet.serving.served_net import ServedNet

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


def served_net(file, text=None, *, is_recorded=True, **options):
    """What a service makes of a model; of a text's net, or without what it has recorded."""
    trained = read_trained(file)
    trained = trained if text is None else replace(trained, spec=read_net(text))
    if not is_recorded:
        trained = replace(trained, contents=replace(trained.contents, data=DataRecord()))
    return ServedNet(trained, partial(fill, trained=trained), **options)


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
