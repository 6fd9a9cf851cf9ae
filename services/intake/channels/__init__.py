"""Inbound wire formats, read without I/O: bytes in, frozen values out, `Invalid` otherwise."""
