"""Statistics: numbers that are told and not trained."""
