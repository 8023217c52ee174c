"""The solver: the training loop, its methods, policies and coffee breaks."""
