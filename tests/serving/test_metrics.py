"""Metrics: counted once, in the form that Prometheus reads."""

from __future__ import annotations

import re

from graphnet.serving.metrics import Metrics


def test_text():
    """Every line is a comment or a figure; buckets add up."""
    metrics = Metrics()
    metrics.count("/predict", 200, 0.002)
    metrics.count("/predict", 200, 0.3)
    metrics.count("/predict", 422, 60)
    text = metrics.text(7, 2)
    form = re.compile(r'# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? [\d.e+-]+')
    assert all(form.fullmatch(line) for line in text.splitlines())
    assert 'graphnet_requests_total{route="/predict",status="200"} 2\n' in text
    assert 'graphnet_request_seconds_bucket{le="0.0025"} 1\n' in text
    assert 'graphnet_request_seconds_bucket{le="0.5"} 2\n' in text
    assert 'graphnet_request_seconds_bucket{le="+Inf"} 3\n' in text
    assert "graphnet_rows_total 7\n" in text
    assert "graphnet_batches_total 2\n" in text
    assert text.endswith("\n")
