"""How a foundation's books begin: its chart of accounts, and what the program before ended with."""
