"""The embedded stack: broker, database, simulators and services as processes of one supervisor."""
