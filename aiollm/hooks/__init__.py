"""What a client tells of its calls, and to whom: events, functions that hear them, and LiteLLM's callbacks."""
