"""Policies around a call, one a file; `stack` puts them in order."""
