"""What each layer of graphnet becomes in Caffe: a writer for each type, and their table."""
