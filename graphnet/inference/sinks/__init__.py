"""Where predictions go: tables, JSON lines and arrays, row after row."""
