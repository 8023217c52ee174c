"""The service as its clients meet it: answers, refusals, and that nothing falls over."""

from __future__ import annotations

import io
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from support.services import served

RNG = np.random.default_rng(5)
ROWS = RNG.integers(0, 256, (40, 1, 28, 28))


def expected(net, rows):
    """What the net itself gives for rows as in its data files."""
    return net.predict({"data": np.asarray(rows, np.float32) / 256})["prob"]


def test_rows_are_answered_as_predict_does(client, net):
    """With the transformers of the data layer; flat rows are the same."""
    status, said = client.predict({"inputs": {"data": ROWS.tolist()}})
    assert status == 200
    np.testing.assert_allclose(said["outputs"]["prob"], expected(net, ROWS), rtol=1e-4)
    best = [int(row[0][0]) for row in said["top"]]
    assert best == expected(net, ROWS).argmax(axis=1).tolist()
    flat = client.predict({"inputs": {"data": ROWS.reshape(40, -1).tolist()}})
    assert flat[1] == said


def test_a_thousand_requests_from_sixteen_clients(client, net):
    """Each gets its own answer, though they are computed together."""
    wanted = expected(net, ROWS)

    def one(i):
        status, said = client.predict({"inputs": {"data": ROWS[i % 40 : i % 40 + 1].tolist()}})
        assert status == 200
        return said["outputs"]["prob"][0]

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(one, range(1000)))
    np.testing.assert_allclose(found, wanted[np.arange(1000) % 40], rtol=1e-4, atol=1e-9)
    _, _, text = client.ask("GET", "/metrics")
    figures = dict(
        line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#")
    )
    assert float(figures["graphnet_rows_total"]) >= 1000
    assert float(figures['graphnet_requests_total{route="/predict",status="200"}']) >= 1000
    assert float(figures["graphnet_batches_total"]) < float(figures["graphnet_rows_total"])


def picture(size=(28, 28), kind="PNG", values=None):
    """The bytes of a picture file, and its grey values."""
    from PIL import Image

    grey = RNG.integers(0, 256, size[::-1], dtype=np.uint8) if values is None else values
    stream = io.BytesIO()
    Image.fromarray(grey).save(stream, kind)
    return stream.getvalue(), grey


def test_pictures(client, net):
    """As the body, or in a form; of another size they are resized."""
    body, grey = picture()
    status, said = client.predict(body, Content_Type="image/png")
    assert status == 200
    np.testing.assert_allclose(said["outputs"]["prob"], expected(net, grey[None, None]), rtol=1e-4)
    form = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n'
        b"Content-Type: image/png\r\n\r\n" + body + b"\r\n--x--\r\n"
    )
    assert client.predict(form, Content_Type="multipart/form-data; boundary=x")[1] == said
    status, _, inverted = client.ask("POST", "/predict?invert=1", body, Content_Type="image/png")
    np.testing.assert_allclose(
        inverted["outputs"]["prob"], expected(net, 255.0 - grey[None, None]), rtol=1e-4
    )
    assert client.predict(picture((99, 50), "JPEG")[0], Content_Type="image/jpeg")[0] == 200


def test_the_open_inference_protocol(client, net):
    """Metadata, health, and inference with flat or nested data."""
    assert client.ask("GET", "/v2/health/live")[0] == 200
    assert client.ask("GET", "/v2/health/ready")[0] == 200
    assert client.ask("GET", "/v2")[2]["name"] == "graphnet"
    assert client.ask("GET", "/v2/models/tiny/ready")[2]["ready"]
    about = client.ask("GET", "/v2/models/tiny")[2]
    assert about["inputs"] == [{"name": "data", "datatype": "FP32", "shape": [-1, 1, 28, 28]}]
    assert about["outputs"] == [{"name": "prob", "datatype": "FP32", "shape": [-1, 10]}]
    tensor = {"name": "data", "shape": [3, 1, 28, 28], "datatype": "UINT8"}
    for data in (ROWS[:3].tolist(), ROWS[:3].ravel().tolist()):
        body = {"id": "7", "inputs": [tensor | {"data": data}], "outputs": [{"name": "prob"}]}
        status, _, said = client.ask("POST", "/v2/models/tiny/infer", body)
        assert (status, said["id"], said["model_name"]) == (200, "7", "tiny")
        (output,) = said["outputs"]
        assert (output["shape"], output["datatype"]) == ([3, 10], "FP32")
        found = np.reshape(output["data"], output["shape"])
        np.testing.assert_allclose(found, expected(net, ROWS[:3]), rtol=1e-4)


GOOD = [[0] * 784]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "not JSON"),
        (b"\xff\xfe\x00", 400, "not JSON"),
        (b"[" * 100_000, 400, "not JSON"),
        (b"[]", 422, "expected a JSON object"),
        (b"{}", 422, '"inputs"'),
        (b'{"inputs": [1]}', 422, "expected 'data'"),
        (b'{"inputs": {}}', 422, "'data' is missing"),
        (b'{"inputs": {"data": []}}', 422, "found (0,)"),
        (b'{"inputs": {"data": 5}}', 422, "found ()"),
        (b'{"inputs": {"data": [[1, 2]]}}', 422, "found (1, 2)"),
        (b'{"inputs": {"data": [[1], [1, 2]]}}', 422, "rows of equal length"),
        (b'{"inputs": {"data": ["x"]}}', 422, "expected numbers"),
        (b'{"inputs": {"data": null}}', 422, "expected numbers"),
        (b'{"inputs": {"datum": [[1]]}}', 422, "there is no 'datum'"),
        (b'{"inputs": {"data": [[NaN]]}}', 422, "NaN is no number of JSON"),
        (b'{"inputs": {"data": [[-Infinity]]}}', 422, "refused"),
        (json.dumps({"inputs": {"data": [[1e39] * 784]}}).encode(), 422, "infinite"),
        (json.dumps({"inputs": {"data": GOOD * 101}}).encode(), 413, "a request may have 100"),
        (b"x" * 2_100_000, 413, "larger than 2,097,152 bytes"),
    ],
)  # fmt: skip
def test_requests_that_are_refused(client, body, status, said):
    """Each with its status and a sentence; the service goes on."""
    found, answer = client.predict(body)
    assert found == status
    assert said in answer["error"]
    assert client.predict({"inputs": {"data": GOOD}})[0] == 200


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/plain", b"x", 415),
        ("image/png", b"no picture", 422),
        ("multipart/form-data; boundary=x", b"junk", 400),
        ("multipart/form-data; boundary=x", b"--x--\r\n", 422),
        ("multipart/form-data", b"--x--\r\n", 400),
    ],
)
def test_bodies_of_other_kinds(client, kind, body, status):
    """By their Content-Type."""
    assert client.predict(body, Content_Type=kind)[0] == status


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": 1},
        {"inputs": [{"name": "data"}]},
        {"inputs": [{"name": "data", "shape": [1], "datatype": "FP32", "data": [1, 2]}]},
        {"inputs": [{"name": "data", "shape": [-1], "datatype": "FP32", "data": [1]}]},
        {"inputs": [{"name": "data", "shape": [1], "datatype": "BYTES", "data": ["x"]}]},
        {"inputs": [{"name": "data", "shape": [1, 784], "datatype": "FP32", "data": GOOD}],
         "outputs": [{"name": "nothing"}]},
    ],
)  # fmt: skip
def test_tensors_that_do_not_fit(client, change):
    """422, and what was expected."""
    assert client.ask("POST", "/v2/models/tiny/infer", change)[0] == 422
    assert client.ask("POST", "/v2/models/other/infer", change)[0] == 404


def raw(client, head, *parts, pause=0.0, answer=True):
    """What comes back for bytes that are sent as they are."""
    with socket.create_connection(("127.0.0.1", client.port), timeout=30) as connection:
        connection.sendall(head)
        for part in parts:
            time.sleep(pause)
            try:
                connection.sendall(part)
            except OSError:  # it has answered, and listens no more
                break
        if not answer:
            return b""
        try:
            return connection.recv(4096)
        except ConnectionResetError:
            return b""


HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


def test_too_much_in_chunks(client):
    """413, though no length was stated; not all of it is read."""
    chunk = b"80000\r\n" + b"x" * 0x80000 + b"\r\n"
    found = raw(client, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 5)
    assert b" 413 " in found.splitlines()[0]


def test_a_client_that_is_slow(client):
    """408 when its time is up."""
    found = raw(client, HEAD + b"Content-Length: 1000\r\n\r\n", b"{")
    assert b" 408 " in found.splitlines()[0]


def test_a_client_that_goes_away(client):
    """Nobody is the worse for it."""
    for _ in range(5):
        raw(client, HEAD + b"Content-Length: 1000\r\n\r\n", b"{", answer=False)
    assert client.predict({"inputs": {"data": GOOD}})[0] == 200


def test_what_is_not_there(client):
    """404 and 405."""
    assert client.ask("GET", "/nothing")[0] == 404
    assert client.ask("GET", "/predict")[0] == 405
    assert client.ask("GET", "/pages/..%2fapp.py")[0] == 404


def test_the_pages_ask_for_nothing_outside(client):
    """Their policy forbids it, and no address of another place is in them."""
    for path in ("/", "/docs", "/pages/page.js", "/pages/page.css"):
        status, answer, text = client.ask("GET", path)
        assert status == 200
        assert "default-src 'none'" in answer.getheader("Content-Security-Policy")
        assert "http:" not in text
        assert "https:" not in text


def test_a_token(made):
    """Is asked for where something is answered, not for health and pages."""
    options = ("net.yaml", "--weights", "model.h5")
    with served(made, *options, GRAPHNET_TOKEN="s3cret") as (_, client):  # noqa: S106  # a test's
        body = {"inputs": {"data": GOOD}}
        assert client.predict(body)[0] == 401
        assert client.predict(body, Authorization="Bearer wrong")[0] == 401
        assert client.predict(body, Authorization="Bearer s3cret")[0] == 200
        assert client.ask("GET", "/metrics")[0] == 401
        assert client.ask("GET", "/v2/health/ready")[0] == 200
        assert client.ask("GET", "/")[0] == 200
        described = client.ask("GET", "/openapi.json")[2]
        assert described["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


@pytest.fixture(autouse=True)
def _extra():
    for name in ("starlette", "uvicorn", "PIL"):
        pytest.importorskip(name, reason="the service needs the extra serve")
