"""What must hold of a net before it runs: each rule, and what is said where it does not."""
