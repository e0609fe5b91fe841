"""The blocking API: the asynchronous core on one background thread."""
