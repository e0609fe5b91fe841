"""One wire format a file: requests to bytes, frames to chunks, bodies to responses and errors. No I/O."""
