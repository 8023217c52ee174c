"""``graphnet serve`` as a process: its first line, its end, and mistakes."""

from __future__ import annotations

import re
import signal
import socket

import pytest
from serving.conftest import served


@pytest.fixture(autouse=True)
def _extra():
    for name in ("starlette", "uvicorn", "PIL"):
        pytest.importorskip(name, reason="the service needs the extra serve")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_is_served_until_a_signal(run, folder, number):
    """Its address is on the first line, and it ends well."""
    assert run("solve net.yaml --quiet").code == 0
    with served(folder, "run") as (process, client):
        assert client.predict({"inputs": {"data": [[1, 2, 3]]}})[0] == 200
        process.send_signal(number)
        rest = process.stdout.read()
        assert process.wait(60) == 0
    assert re.fullmatch(r"net 'small', [\d,]+ params from .*\nended\n", rest)


def test_answers_are_those_of_predict(run, folder):
    """With the same transformers."""
    import numpy as np

    run("solve net.yaml --quiet")
    rows = np.random.default_rng(0).random((5, 3)).astype("float32")
    np.save("rows.npy", rows)
    assert run("predict net.yaml --weights run --input rows.npy --output out.npy").code == 0
    with served(folder, "net.yaml", "--weights", "run") as (_, client):
        _, said = client.predict({"inputs": {"data": rows.tolist()}})
    np.testing.assert_allclose(said["outputs"]["prob"], np.load("out.npy"), rtol=1e-5)


def test_mistakes(run, folder):
    """Each in words, before anything is served."""
    run("solve net.yaml --quiet")
    assert "--weights RUN" in run("serve net.yaml").err
    assert "leave out --weights" in run("serve run --weights run").err
    assert "there is no such file" in run("serve nothing.yaml --weights run").err
    assert "expected BLOB=1,28,28" in run("serve run --shape data=x").err
    assert "2 names, but 'prob' has 3 numbers" in run("serve run --classes a,b").err
    (folder / "empty").write_text("")
    assert "is empty" in run("serve run --token-file empty").err
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        found = run(f"serve run --port {taken.getsockname()[1]}")
    assert found.code == 1
    assert "choose another port" in found.err
