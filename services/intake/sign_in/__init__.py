"""Proofs and sessions: what checks passwords and codes, and says whether a session is valid."""
