"""Audit's pages: a donor's behind his links, the public ledger, and finance."""
