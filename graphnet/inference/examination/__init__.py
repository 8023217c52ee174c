"""How good a net is on its test data: answers held against what is right, batch after batch."""
