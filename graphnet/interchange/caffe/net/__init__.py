"""What a net of Caffe becomes: which layers run, what they share, how their blobs lie."""
