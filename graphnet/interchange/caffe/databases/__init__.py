"""The samples of Caffe's databases: LMDB files, and the pictures in them."""
