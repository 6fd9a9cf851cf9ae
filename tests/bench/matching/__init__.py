"""Matching's solver beside the raw flow and a greedy, in the same run."""
