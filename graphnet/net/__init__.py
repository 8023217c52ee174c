"""From YAML to a running net: a pipeline of small pure functions."""
