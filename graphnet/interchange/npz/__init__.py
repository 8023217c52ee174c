"""NumPy's .npz: a zip archive of .npy files, one an array; no pickle is ever opened."""
