"""Spans of a text become entity numbers."""
