"""What connects the library with other people's software."""
