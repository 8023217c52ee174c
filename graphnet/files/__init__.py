"""Files as a run or a command writes them: whole or not at all, and only its own."""
