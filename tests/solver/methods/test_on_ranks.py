"""Methods that look at whole params, and clips: the same bits on any number of ranks."""

import pytest

from tests.parallel.recipe import layers, write_data
from tests.parallel.runs import train_on

SETTINGS = [
    {"method": {"type": "Muon", "adamw": "conv/*"}, "swa": {"start": 3}, "clip_layers": 0.5},
    {"method": "LAMB", "param_groups": [{"params": "vectors", "decay": 1}]},
    {"method": "ScheduleFreeAdamW", "clip_layers": 0.1, "iter_size": 2},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=("Muon", "LAMB", "ScheduleFreeAdamW"))
def test_on_ranks(tmp_path, monkeypatch, settings):
    """Params and snapshots of two ranks are those of one process."""
    monkeypatch.chdir(tmp_path)
    write_data(tmp_path)
    files, params = [], []
    for ranks in (1, 2):
        folder = f"run{ranks}"
        ends = train_on(ranks, layers(16), 7, 4, coffee_breaks=[], exp_dir=folder, **settings)
        files.append((tmp_path / folder / "snapshots" / "snapshot-000007.h5").read_bytes())
        params.append({end["ip/weight"].tobytes() for end in ends})
    assert params[0] == params[1]
    assert len(params[0]) == 1
    assert files[0] == files[1]
