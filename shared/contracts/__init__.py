"""Everything the services know of each other: envelope, events, topics, exported schemas."""
