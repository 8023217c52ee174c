"""Layers without tops: where blobs leave the net, or are left unread."""
