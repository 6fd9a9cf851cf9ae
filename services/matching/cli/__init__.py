"""What `guanjia` mounts of matching: `import offers` and `matching`."""

from services.matching.cli.offers import app

__all__ = ["app"]
