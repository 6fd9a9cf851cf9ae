"""Rounds: which needs to look at, at what prices, and how one is run, stored and explained."""
