"""What every HTTP edge shares: who may come in, answers and problems, health, page base."""
