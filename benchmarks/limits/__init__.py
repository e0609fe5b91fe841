"""A load against providers whose limits nobody tells."""
