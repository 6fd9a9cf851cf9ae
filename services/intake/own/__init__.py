"""A person's own data behind the link: export, correction, erasure, after proof of identity."""
