"""Tuning a text encoder on a graph, in parts: pairs, held-out names, steps, state, card."""
