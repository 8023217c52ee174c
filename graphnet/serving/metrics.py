"""Metrics in the text form of Prometheus."""

from __future__ import annotations

from collections import Counter

#: Upper ends of the histogram of how long answers took, in seconds.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counts requests by route and status, and how long they took."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._buckets: Counter[float] = Counter()
        self._seconds, self._n = 0.0, 0

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests[route, status] += 1
        self._seconds += seconds
        self._n += 1
        for bucket in BUCKETS:
            if seconds <= bucket:
                self._buckets[bucket] += 1

    def text(self, n_rows: int, n_batches: int) -> str:
        """All figures.

        Args:
            n_rows: Rows that were computed.
            n_batches: Batches that they were computed in.
        """
        lines = [
            "# HELP graphnet_requests_total Requests answered, by route and status.",
            "# TYPE graphnet_requests_total counter",
        ]
        lines += [
            f'graphnet_requests_total{{route="{route}",status="{status}"}} {n}'
            for (route, status), n in sorted(self._requests.items())
        ]
        lines += [
            "# HELP graphnet_request_seconds How long answers took.",
            "# TYPE graphnet_request_seconds histogram",
        ]
        lines += [
            f'graphnet_request_seconds_bucket{{le="{bucket}"}} {self._buckets[bucket]}'
            for bucket in BUCKETS
        ]
        lines += [
            f'graphnet_request_seconds_bucket{{le="+Inf"}} {self._n}',
            f"graphnet_request_seconds_sum {self._seconds!r}",
            f"graphnet_request_seconds_count {self._n}",
        ]
        for name, about, value in (
            ("rows", "Rows computed.", n_rows),
            ("batches", "Batches they were computed in.", n_batches),
        ):
            lines += [
                f"# HELP graphnet_{name}_total {about}",
                f"# TYPE graphnet_{name}_total counter",
                f"graphnet_{name}_total {value}",
            ]
        return "\n".join(lines) + "\n"
