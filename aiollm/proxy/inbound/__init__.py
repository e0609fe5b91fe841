"""The formats that clients speak, without any I/O: requests into calls of the library, answers and errors back."""
