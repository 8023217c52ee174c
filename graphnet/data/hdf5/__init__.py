"""HDF5 files of samples: found, checked, read and written."""
