"""`guanjia chaos`: a running stack under load and under faults, and whether everything agrees."""
