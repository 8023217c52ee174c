"""What packed data was made from, and the same done to new rows and new pictures."""
