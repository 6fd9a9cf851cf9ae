"""Files of banks that finance takes in by page: kept sealed, shown, and entered in portions."""
