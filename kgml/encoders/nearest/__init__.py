"""Kinds of index: which rows of a matrix are nearest to a vector. One file each."""
