"""The decisions: announcing, sending, what providers report, what people resolve."""
