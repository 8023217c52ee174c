"""A worker of the benchmark suite that does next to nothing."""

from typing import Any

from benchmarks.workers import answer, requests, serve


def run(task: dict[str, Any]) -> None:
    """Say what the task is, then double numbers until told to fail."""
    if "complaint" in task:
        raise ValueError(task["complaint"])
    answer(task)
    for what, *arguments in requests():
        if what == "fail":
            raise RuntimeError("as it was told\nand more that nobody reads")
        answer(2 * arguments[0])


if __name__ == "__main__":
    serve(run)
