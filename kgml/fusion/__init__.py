"""Text vectors and linked entities become one vector. Knows no graph and no linker."""
