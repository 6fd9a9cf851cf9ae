"""Approvals and the joint meeting: their tables, views and answers."""
