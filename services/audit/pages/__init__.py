"""Audit's pages: a donor's behind his links, and the public ledger."""
