"""The failure matrix: how aiollm and its peers take the same faults. ``python -m benchmarks.failures`` makes it."""
