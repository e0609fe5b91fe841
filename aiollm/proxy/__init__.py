"""The proxy: the library's engine behind HTTP, in the formats that clients already speak."""
