"""Using what was trained: rows of many kinds of files, and what a net makes of them."""
