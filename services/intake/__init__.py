"""Takes people's needs in, keeps their personal data, and decides when a need is met.

consumes: `guanjia.requests.inbound` (channels), `guanjia.matches` (matching), providers' callbacks
decides: valid or not, duplicate or not, who approves, what a reply means, when a request is done
emits: `guanjia.requests`, `guanjia.receipts`; ids only, for persons live in the vault
"""
