"""The CuPy backend: NVIDIA GPUs."""
