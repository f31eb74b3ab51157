"""Linked texts as files for people and for other programs."""
