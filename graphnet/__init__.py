"""graphnet: a declarative, Mocha-style deep-learning engine."""
