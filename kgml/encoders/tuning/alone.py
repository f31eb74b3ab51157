"""One run of tuning at a time for one output folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kgml.errors import ArtifactError
from kgml.progress import warn


@contextmanager
def alone(output: Path) -> Iterator[None]:
    """Hold ``.<output>.lock`` beside ``output``; the system lets go of it however the process ends.

    Raises:
        ArtifactError: another process holds it, or the file cannot be made.
    """
    path = output.with_name(f".{output.name}.lock")
    try:
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
        descriptor = _locked(path)
    except BlockingIOError:
        raise ArtifactError(
            f"{output}: another process is writing it (it holds {path.name}). Wait until it has "
            "ended, or choose another -o."
        ) from None
    except OSError as error:
        raise ArtifactError(
            f"{path}: cannot be written ({error.strerror}). Choose another -o."
        ) from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _locked(path: Path) -> int:
    """The descriptor of ``path``, locked."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise
        except OSError as error:  # a file system without locks
            warn(f"{path}: cannot be locked ({error.strerror}); run one process at a time.")
            return descriptor
        with suppress(FileNotFoundError):
            if os.path.samestat(path.stat(), os.fstat(descriptor)):
                return descriptor
        os.close(descriptor)  # who held it has removed it meanwhile
