"""Caffe's files: their messages, in text and in the wire format, and the arrays in them."""
