"""Where the rooms meet and labels enter."""
