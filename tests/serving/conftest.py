"""What the tests of the service share: a small net of pictures, served by a process of its own."""

from __future__ import annotations

import pytest
from support.services import NET, served

import graphnet as gn


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
