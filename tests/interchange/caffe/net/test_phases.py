"""Both phases as one list; how nets do is tested with their translation."""

from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.layers.reading import Made
from graphnet.interchange.caffe.net.phases import PhaseNet, Translated, merge_phases


def entry(index, **keys):
    layer = {"name": f"l{index}", "type": "X", **keys}
    return Translated(index, Message.of("LayerParameter"), Made([layer]))


def test_merged():
    """In the order of the file; what differs stands there twice."""
    train = PhaseNet([entry(0), entry(1, a=1), entry(3)])
    test = PhaseNet([entry(0), entry(1, a=2), entry(2)])
    made = [each for _, layers in merge_phases({"train": train, "test": test}) for each in layers]
    assert [(each["name"], each.get("phase"), each.get("a")) for each in made] == [
        ("l0", None, None), ("l1", "train", 1), ("l1", "test", 2), ("l2", "test", None),
        ("l3", "train", None),
    ]  # fmt: skip
