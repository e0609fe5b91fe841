"""Tokens that are asked for when a call goes out."""
