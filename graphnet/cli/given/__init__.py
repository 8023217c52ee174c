"""What a command is given: a net and its solver, data, weights, a trained net."""
