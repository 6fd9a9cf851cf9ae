"""One public address for all services: a streaming proxy by the table of addresses."""
