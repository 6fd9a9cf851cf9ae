"""A transparency log in files that anyone can check (C2SP tlog-tiles). It knows no money.

Entries are bytes. `writer` publishes them as bundles and tiles under a signed `checkpoint`;
`reader` and `tree` read and check them; `proofs` prove that an entry is in the log. Imports nothing
of the rest of this project.
"""
