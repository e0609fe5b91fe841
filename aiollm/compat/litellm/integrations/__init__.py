"""What LiteLLM connects with, where its users import it from."""
