"""A run as one page: what was asked, what came out, and where it fails."""
