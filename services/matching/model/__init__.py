"""Offers, needs, matches and rounds: frozen states and the commands that change them."""
