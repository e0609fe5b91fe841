"""Streams that a client may take up again after it has lost them: kept in memory, and in Redis for other instances."""
