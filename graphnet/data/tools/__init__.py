"""What ``graphnet data`` does with files: packing them into HDF5, and telling what is in them."""
