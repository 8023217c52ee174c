"""``graphnet serve`` as a process: its first line, its end, and mistakes."""

from __future__ import annotations

import json
import re
import signal
import socket

import numpy as np
import pytest
from support.services import served

from graphnet.cli.serve import _bound


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
    run("solve net.yaml --quiet")
    rows = np.random.default_rng(0).random((5, 3)).astype("float32")
    np.save("rows.npy", rows)
    assert run("predict net.yaml --weights run --input rows.npy --output out.npy").code == 0
    with served(folder, "net.yaml", "--weights", "run") as (_, client):
        _, said = client.predict({"inputs": {"data": rows.tolist()}})
    np.testing.assert_allclose(said["outputs"]["prob"], np.load("out.npy"), rtol=1e-5)


COLOURS = """size,colour,kind
1.5,red,apple
2.5,green,pear
1.0,red,cherry
2.0,,apple
3.0,green,pear
0.5,red,cherry
"""


def test_a_run_from_a_table_of_words(run, folder):
    """The best snapshot, the recorded names of classes, columns read as they were packed."""
    (folder / "fruit.csv").write_text(COLOURS)
    assert run("data pack fruit.csv --label kind --missing mean --to fruit.h5").code == 0
    assert run("new fruits --from fruit.h5 --template mlp").code == 0
    assert run("solve fruits/net.yaml --quiet --set max_epoch=40").code == 0
    (folder / "new.csv").write_text("colour,size\nred,0.6\ngreen,2.8\n,1.4\n")
    (trained,) = [p.parent for p in folder.rglob("run.json")]
    said = run(f"predict {trained.relative_to(folder)} new.csv --json --top 3")
    assert said.code == 0
    lines = [json.loads(line) for line in said.out.splitlines()]
    best = trained / "snapshots" / "best.h5"
    with served(folder, str(trained.relative_to(folder))) as (process, client):
        text = (folder / "new.csv").read_bytes()
        _, found = client.predict(text, Content_Type="text/csv")
        assert ("best" in process.stdout.readline()) == best.exists()
        form = b'--B\r\nContent-Disposition: form-data; name="f"; filename="n.csv"\r\n\r\n'
        form += text + b"\r\n--B--\r\n"
        sent = client.predict(form, Content_Type="multipart/form-data; boundary=B")
        assert sent == (200, found)
        status, refused = client.predict(b"colour\nred\n", Content_Type="text/csv")
        assert status == 422
        assert "size" in refused["error"]
        _, about = client.ask("GET", "/about")[0], client.ask("GET", "/about")[2]
    assert about["classes"] == ["apple", "cherry", "pear"]
    for i, line in enumerate(lines):
        assert [name for name, _ in found["top"][i]][:3] == [name for name, _ in line["top"]]
        np.testing.assert_allclose(found["outputs"]["prob"][i], line["prob"], rtol=1e-4)


def test_a_run_from_pictures_of_several_sizes(run, folder):
    """Brought to one size as they were packed, also behind what is transparent."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    rng = np.random.default_rng(0)
    for kind, base in (("dark", 40), ("light", 200)):
        (folder / "pics" / kind).mkdir(parents=True)
        for i in range(6):
            height, width = rng.integers(12, 30, 2)
            values = rng.integers(base - 40, base + 40, (height, width, 3)).astype("uint8")
            image.fromarray(values).save(folder / "pics" / kind / f"{i}.png")
    packed = run(
        "data pack pics --size 16x16 --fit letter-box --background white --split 0.3 --to p"
    )
    assert packed.code == 0, packed.err
    assert run("new net --from p").code == 0
    assert run("solve net/net.yaml --quiet --set max_epoch=2").code == 0
    (trained,) = [p.parent.relative_to(folder) for p in folder.rglob("run.json")]
    files = ["pics/dark/0.png", "pics/light/3.png"]
    said = run(f"predict {trained} {' '.join(files)} --json --top 2")
    assert said.code == 0, said.err
    with served(folder, str(trained)) as (_, client):
        for file, line in zip(files, map(json.loads, said.out.splitlines()), strict=True):
            status, found = client.predict((folder / file).read_bytes(), Content_Type="image/png")
            assert status == 200, found
            np.testing.assert_allclose(found["outputs"]["prob"], [line["prob"]], rtol=1e-4)
            assert found["top"][0][0][0] == line["top"][0][0]


def test_answers_are_sent_at_once():
    """For that asyncio must see that the socket's protocol is TCP."""
    with _bound("127.0.0.1", 0) as made:
        assert made.proto == socket.IPPROTO_TCP


def test_mistakes(run, folder):
    """Each in words, before anything is served."""
    run("solve net.yaml --quiet")
    assert "--weights RUN" in run("serve net.yaml").err
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
