"""What every service stands on: contracts, messaging, settings, security. Imports no service."""
