"""The formats of weights alone, by name, and their verbs."""

from __future__ import annotations

from graphnet.interchange.mocha.reading import read_mocha
from graphnet.interchange.mocha.writing import mocha_names, write_mocha
from graphnet.interchange.npz.reading import read_npz
from graphnet.interchange.npz.writing import write_npz
from graphnet.interchange.safetensors.reading import read_safetensors
from graphnet.interchange.safetensors.writing import write_safetensors
from graphnet.interchange.torch.reading import read_torch
from graphnet.interchange.weights.weight_format import WeightFormat

SAFETENSORS = WeightFormat("safetensors", ".safetensors", read_safetensors, write_safetensors)
NPZ = WeightFormat("npz", ".npz", read_npz, write_npz)
TORCH = WeightFormat("torch", ".pt", read_torch)
MOCHA = WeightFormat("mocha", ".h5", read_mocha, write_mocha, {"mocha": mocha_names})

FORMATS = {each.name: each for each in (SAFETENSORS, NPZ, TORCH, MOCHA)}

load_safetensors, import_safetensors = SAFETENSORS.load, SAFETENSORS.import_
export_safetensors, save_safetensors = SAFETENSORS.export, SAFETENSORS.save
load_npz, import_npz, export_npz, save_npz = NPZ.load, NPZ.import_, NPZ.export, NPZ.save
load_torch, import_torch = TORCH.load, TORCH.import_
load_mocha, import_mocha = MOCHA.load, MOCHA.import_
export_mocha, save_mocha = MOCHA.export, MOCHA.save
