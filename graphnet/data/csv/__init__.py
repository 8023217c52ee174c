"""Tables of text: CSV and TSV, read so that no cell is taken for another value."""
