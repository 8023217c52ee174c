"""Pictures, read by Pillow."""
