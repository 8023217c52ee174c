"""safetensors: a JSON header that names arrays, and their bytes, one after the other."""
