"""What a code base that uses LiteLLM has to change, found by reading it; nothing of it is run."""
