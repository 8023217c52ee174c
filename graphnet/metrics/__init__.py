"""How good answers are: small pure functions of arrays, without nets."""
