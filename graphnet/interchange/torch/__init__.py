"""PyTorch's files of tensors, read without PyTorch and without running anything in them."""
