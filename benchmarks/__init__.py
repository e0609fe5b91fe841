"""Benchmarks of aiollm beside a bare floor and its peers: ``python -m benchmarks`` runs them all."""
