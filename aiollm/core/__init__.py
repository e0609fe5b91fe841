"""The event-loop core: bytes, sockets and time. It knows nothing about language models."""
