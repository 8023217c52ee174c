"""Reading runs: which there are, what they measured, in what they differ, as tables and charts."""
