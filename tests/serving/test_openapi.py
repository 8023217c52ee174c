"""The description says what there is."""

from __future__ import annotations

from support.services import served_net

from graphnet.serving.openapi import openapi, operations


def described(made):
    """The net of the tests."""
    return served_net(made / "model.h5")


def test_every_route_with_its_body(made):
    """And an example that the net takes."""
    net = described(made)
    found = openapi(net, has_token=False)
    assert found["openapi"].startswith("3.")
    body = found["paths"]["/predict"]["post"]["requestBody"]["content"]
    rows = net.checked(body["application/json"]["example"]["inputs"])
    assert rows["data"].shape == (1, 1, 28, 28)
    assert {"image/png", "image/jpeg"} < set(body)
    assert "/v2/models/tiny/infer" in found["paths"]
    assert "components" not in found
    assert "security" in openapi(net, has_token=True)["paths"]["/metrics"]["get"]


def test_the_same_as_a_page(made):
    """Long examples are shortened."""
    text = operations(described(made))
    assert "<b>POST</b> /predict" in text
    assert max(map(len, text.splitlines())) < 600
