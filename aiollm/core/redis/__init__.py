"""Limits that several processes share, and what else is kept in a Redis server."""
