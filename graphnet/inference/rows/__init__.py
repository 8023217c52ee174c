"""Rows to predict: of HDF5 files, arrays, tables of text and pictures, a block at a time."""
