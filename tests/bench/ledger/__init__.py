"""The ledger's own bench: appending, verifying, proving. It needs no running stack."""
