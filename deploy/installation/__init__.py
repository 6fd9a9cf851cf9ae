"""What an installation needs before its first start: certificates, passwords, users of databases.

`deploy/compose.yaml` runs it, and `docs/runbooks/install.md` says how to run it by hand.
"""
