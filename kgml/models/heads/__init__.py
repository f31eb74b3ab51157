"""Heads and what they are made of; the linear ones and the contract are in ``models/light.py``."""
