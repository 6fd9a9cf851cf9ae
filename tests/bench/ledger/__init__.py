"""The ledger's own bench: appending, verifying, proving. Needs no house, so it may run alone."""
