"""Bytes to frames and back. No I/O, no clock, nothing about language models."""
