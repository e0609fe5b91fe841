"""One call: from a request to a stream that never lies about how it ended."""
