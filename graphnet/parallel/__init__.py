"""Data-parallel training: a batch cut into shards, and the ranks that share them out."""
