"""Rounds: which needs to look at, at what prices, and how one is held, explained and replayed."""
