"""Invitations: who keeps the secrets folder makes one, and intake takes it once."""

from datetime import timedelta

INVITATION = "account.invitation"
"""What the token is signed for; its subject is the credential's id."""
INVITATION_PATH = "/sign-in/invitation/{token}"
INVITATION_LIFETIME = timedelta(hours=72)
