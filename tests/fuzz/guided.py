"""``python -m tests.fuzz.guided yaml --minutes 10``: bytes that lead to lines not yet run.

What :mod:`tests.fuzz` mutates by its grammar is mutated here by what the readers in pure Python do
with it. Needs atheris (``pip install atheris``), which is no part of graphnet's extras. With
``--corpus`` what has been found is kept, and gone on from.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SECONDS, MEBIBYTES = 20, 3072
#: What is watched for lines that have not been run.
WATCHED = ["yaml", "graphnet.declare", "graphnet.interchange", "graphnet.data", "graphnet.solver"]
READERS = ("yaml", "net", "prototxt", "caffemodel", "idx", "snapshot")


def reader(name: str, folder: Path) -> Callable[[bytes], Any]:
    """One that is tried; imported here, so that what is imported can be watched.

    Args:
        name: One of :data:`READERS`.
        folder: For what must be a file.
    """
    from graphnet.data.sets import idx
    from graphnet.declare.yaml_reader import parse_yaml
    from graphnet.interchange.caffe.files.text_format import parse_text
    from graphnet.interchange.caffe.files.wire_format import parse_wire
    from graphnet.net.spec import read_net
    from graphnet.solver.record import snapshot_file

    def text(content: bytes) -> str:
        return content.decode("utf-8", "replace")

    def net(content: bytes) -> None:
        path = folder / "net.yaml"
        path.write_bytes(content)
        read_net(path)

    def idx_file(content: bytes) -> None:
        idx.parse(idx.unpack(content, "fuzzed.idx", limit=1 << 24), "fuzzed.idx")

    def snapshot(content: bytes) -> None:
        """With the checksum made right, or nothing but that would be tried."""
        path = folder / "snapshot-000001.h5"
        header = snapshot_file.header_for(hashlib.sha256(content).hexdigest())
        path.write_bytes(header + content)
        snapshot_file.read(path)

    return {
        "yaml": lambda content: parse_yaml(text(content), "fuzzed.yaml"),
        "net": net,
        "prototxt": lambda content: parse_text(text(content), "fuzzed.prototxt", "NetParameter"),
        "caffemodel": lambda content: parse_wire(content, "fuzzed.caffemodel", "NetParameter"),
        "idx": idx_file,
        "snapshot": snapshot,
    }[name]


def seeds(name: str, folder: Path) -> list[bytes]:
    """Sound inputs of a reader, from which others are made."""
    if name in ("yaml", "net"):
        found = [*(ROOT / "nets").glob("*.yaml"), *(ROOT / "solvers").glob("*.yaml")]
        return [path.read_bytes() for path in sorted(found)]
    if name == "idx":
        plain = b"\0\0\x08\x02\0\0\0\x02\0\0\0\x03" + bytes(range(6))
        return [plain, gzip.compress(plain, mtime=0)]
    import graphnet as gn

    net = folder / "net.yaml"
    net.write_text(
        "layers:\n"
        "  - {name: data, type: MemoryData, batch_size: 2, tops: [x, y],\n"
        "     data: {x: [[1, 0], [0, 1]], y: [0, 1]}}\n"
        "  - {name: ip, type: InnerProduct, output_dim: 2, bottoms: [x], tops: [ip]}\n"
        "  - {name: loss, type: SoftmaxLoss, bottoms: [ip, y]}\n",
        "utf-8",
    )
    model = folder / "model.h5"
    gn.save_model(gn.load_net(net), model)
    if name == "snapshot":
        from graphnet.solver.record.snapshot_file import HEADER_BYTES

        return [model.read_bytes()[HEADER_BYTES:]]
    text = folder / "model.prototxt"
    gn.interchange.export_caffe(net, text, weights=model)
    return [text.read_bytes() if name == "prototxt" else text.with_suffix(f".{name}").read_bytes()]


def write_seeds(name: str, folder: Path, corpus: Path) -> None:
    """Write the seeds in a process of its own: what is imported there is not watched."""
    process = os.fork()
    if process:
        _, status = os.waitpid(process, 0)
        if status:
            raise RuntimeError(f"the seeds of {name} could not be made")
        return
    code = 70
    try:
        for i, content in enumerate(seeds(name, folder)):
            (corpus / f"seed-{i}").write_bytes(content)
        code = 0
    finally:
        os._exit(code)


def trial(name: str, folder: Path) -> Callable[[bytes], None]:
    """Read bytes: graphnet's own errors are what is meant to come of them, anything else is not."""
    from graphnet.errors import GraphnetError

    read = reader(name, folder)

    def once(content: bytes) -> None:
        with suppress(GraphnetError):
            read(content)

    return once


def main() -> None:
    """Run libFuzzer, which ends the process."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.guided", description=__doc__)
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("--minutes", type=float, default=60.0, help="so long (default 60)")
    parser.add_argument("--corpus", type=Path, help="where inputs are kept that lead further")
    parser.add_argument("--seed", type=int, default=1, help="of what is left to chance")
    options = parser.parse_args()
    try:
        import atheris
    except ImportError:
        sys.exit("atheris is not installed\n  pip install atheris")
    folder = Path(tempfile.mkdtemp(prefix="graphnet-guided-"))
    corpus = options.corpus or folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    (folder / "work").mkdir()
    write_seeds(options.reader, folder / "work", corpus)
    with atheris.instrument_imports(include=WATCHED):
        once = trial(options.reader, folder / "work")
    limits = [
        f"-max_total_time={int(60 * options.minutes)}",
        f"-timeout={SECONDS}",
        f"-rss_limit_mb={MEBIBYTES}",
        f"-seed={options.seed}",
        f"-artifact_prefix={folder}/",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *limits, str(corpus)], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
