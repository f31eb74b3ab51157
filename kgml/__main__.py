"""``python -m kgml``: the command line without the entry point."""

from __future__ import annotations

from kgml.cli.app import main

main()
