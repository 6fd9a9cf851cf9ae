"""Matching: who gives what quantity to whom; what is reserved, accepted, declined, delivered.

Consumes offers.inbound, requests, ledger, receipts -> decides -> emits offers, matches.
"""
