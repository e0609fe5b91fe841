"""Fan-out: many requests, each answered once, in bounded memory."""
