"""What every service uses: contracts, messaging, settings, security. Imports no service."""
