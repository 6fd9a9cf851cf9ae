"""What somebody was shown when he decides: the second of two says yes to that and nothing else."""

import hashlib
import json


def derive_digest(*parts: object) -> str:
    """Of what stands on a page, for its form: another digest, and it changed since."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
