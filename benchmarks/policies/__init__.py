"""What the policies of a client cost a call and a chunk, beside the bare call and LiteLLM."""
