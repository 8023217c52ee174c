"""What each layer of Caffe becomes: a translator for each type, and the table of types."""
