"""The persons' vault: what is personal is sealed here and read back only for a named purpose."""
