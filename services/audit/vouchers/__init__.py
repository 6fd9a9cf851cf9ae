"""Files that prove what two people entered: read by content, sealed, known by their digest."""
