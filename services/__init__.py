"""The four services: intake, matching, notify, audit. They know each other by events alone."""
