"""Solvers: pure functions from open needs and offers to allocations, run in another process."""
