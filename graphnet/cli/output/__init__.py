"""What a command prints: on a terminal, in a file, to another program, and where it fails."""
