"""What every saved folder shares: a manifest, written beside and renamed, checked when read.

An artifact is a folder with a ``manifest.json`` that names its kind, its format version, the
sha256 of each of its files, what it was made from, library versions, seed, configuration and
command. No time stamp: the same input and seed give the same bytes.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from kgml.errors import ArtifactError

MANIFEST = "manifest.json"
FORMAT_VERSION = 1
LIBRARIES = ("kgml", "numpy", "scipy", "pyarrow", "torch", "torch-geometric", "scikit-learn",
             "faiss-cpu", "safetensors", "sentence-transformers", "pyoxigraph")  # fmt: skip


@dataclass(frozen=True)
class Manifest:
    """The contents of ``manifest.json``; ``files`` maps a relative path to its sha256.

    The file also carries a ``sha256`` over these fields, so that none of its own bytes can change
    unnoticed.
    """

    kind: str
    files: Mapping[str, str]
    made_from: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""
    summary: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION

    @property
    def fingerprint(self) -> str:
        """sha256 (hex) over the names and hashes of the files: equal content, equal fingerprint."""
        listing = "\n".join(f"{name} {digest}" for name, digest in sorted(self.files.items()))
        return hashlib.sha256(listing.encode()).hexdigest()


def sha256(path: Path) -> str:
    """sha256 of a file, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def to_json(value: Any) -> str:
    """JSON as kgml writes it everywhere: sorted keys, two spaces, UTF-8, newline at the end."""
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False) + "\n"


def write_file(path: Path, content: bytes | str) -> None:
    """Replace ``path`` by ``content`` in one step: temporary file beside it, fsync, rename.

    Raises:
        ArtifactError: the disk is full or the folder is not writable; ``path`` is as it was.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):  # a parent that is a file, a disk gone read-only
            temporary.unlink(missing_ok=True)
        raise _unwritable(path, error) from error


@contextmanager
def writing(
    path: Path,
    kind: str,
    *,
    made_from: Mapping[str, str] | None = None,
    seed: int | None = None,
    config: Mapping[str, Any] | None = None,
    command: str = "",
    summary: dict[str, Any] | None = None,
) -> Iterator[Path]:
    """Yield a temporary folder beside ``path``; on success it becomes ``path``, else it vanishes.

    ``summary`` may still be filled inside the ``with`` block; it is written at its end.

    Raises:
        ArtifactError: ``path`` holds something that is not an artifact of this kind, or the disk
            is full or not writable. What was at ``path`` before is still there.
    """
    path = Path(path)
    check_target(path, kind)
    temporary: Path | None = None
    try:
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
        # Whose it is: who clears up after a killed process asks whether that one still lives.
        prefix = f".{path.name}.{os.getpid()}."
        temporary = Path(tempfile.mkdtemp(prefix=prefix, dir=path.absolute().parent))
        temporary.chmod(0o755)
        yield temporary
        files = {str(f.relative_to(temporary)): sha256(f) for f in _files(temporary)}
        manifest = Manifest(
            kind=kind, files=files, made_from=made_from or {}, seed=seed, config=config or {},
            command=command, summary=summary or {}, versions=_versions(),
        )  # fmt: skip
        (temporary / MANIFEST).write_text(_sealed(manifest), encoding="utf-8")
        for file in _files(temporary):
            _fsync(file)
        _swap(temporary, path)
    except OSError as error:
        raise _unwritable(path, error) from error
    except ArtifactError as error:  # from an artifact inside this one, whose path is temporary
        if isinstance(error.__cause__, OSError):
            raise _unwritable(path, error.__cause__) from error
        raise
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def check_target(path: Path, kind: str, *, by_hand: bool = False) -> None:
    """Raise `ArtifactError` now if an artifact could not be written to ``path`` later.

    An artifact of the same kind is replaced, unless someone put a file of their own into it.

    Args:
        by_hand: people edit files of this kind; one that was changed is not replaced either.
    """
    path = Path(path)
    _check_replaceable(path, kind, by_hand)
    if path.absolute().resolve() == Path.cwd():
        raise ArtifactError(
            f"{path}: is the folder you are in, which cannot be replaced. Choose another -o, such "
            f"as {kind}."
        )
    parent = path.absolute().parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise ArtifactError(
            f"{path}: could not be written ({parent} is not a folder to write in). "
            "Choose another -o."
        )


def identity(path: Path) -> tuple[int, int] | None:
    """Which folder or file is at ``path`` now: inode and time of its last change; None: nothing.

    What was read there is of one artifact if this is the same before and after: another process
    may replace it at any time.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_ino, status.st_ctime_ns


def read_manifest(
    path: Path, kind: str | None = None, *, verify: bool = True, unchanged: Container[str] = ()
) -> Manifest:
    """Read and check the manifest of the artifact at ``path``.

    Args:
        kind: the kind wanted, or None for any.
        verify: compare the sha256 of every file (reads them all).
        unchanged: names of files that are known to be as they were when they were verified.

    Raises:
        ArtifactError: no artifact there, another kind, a newer format, a file missing or changed.
    """
    path = Path(path)
    wanted = f"a kgml {kind}" if kind else "a kgml artifact"
    if not path.is_dir():
        raise ArtifactError(f"{path}: no such folder; wanted {wanted}. Check the path.")
    try:
        text = (path / MANIFEST).read_text(encoding="utf-8")
        manifest = _unsealed(text)
    except FileNotFoundError:
        raise ArtifactError(f"{path}: no {MANIFEST} in it, so it is not {wanted}.") from None
    except (ValueError, TypeError) as error:
        raise ArtifactError(f"{path / MANIFEST}: damaged ({error}); make it again.") from None
    if kind and manifest.kind != kind:
        raise ArtifactError(f"{path}: is a kgml {manifest.kind}; wanted a {kind}.")
    if manifest.format_version > FORMAT_VERSION:
        raise ArtifactError(
            f"{path}: written in format {manifest.format_version}, this kgml reads up to "
            f"{FORMAT_VERSION}. Upgrade: pip install --upgrade kgml"
        )
    if verify:
        _verify(path, manifest, unchanged)
    return manifest


def _sealed(manifest: Manifest) -> str:
    fields = asdict(manifest)
    seal = hashlib.sha256(to_json(fields).encode()).hexdigest()
    return to_json({**fields, "sha256": seal})


def _unsealed(text: str) -> Manifest:
    """Raises ValueError or TypeError where ``text`` is not what `_sealed` gave."""
    fields = dict(json.loads(text))
    fields.pop("sha256", None)
    manifest = Manifest(**fields)
    tables = (manifest.files, manifest.made_from, manifest.config, manifest.summary)
    if not all(isinstance(table, dict) for table in tables):
        raise TypeError("a table of it is none")
    if manifest.format_version <= FORMAT_VERSION and text != _sealed(manifest):
        raise ValueError("changed since it was saved")
    return manifest


def _verify(path: Path, manifest: Manifest, unchanged: Container[str]) -> None:
    root = path.resolve()
    for name, digest in manifest.files.items():
        file = path / name
        if not file.resolve().is_relative_to(root):
            raise ArtifactError(f"{path / MANIFEST}: names '{name}', which is outside the folder.")
        if not file.is_file():
            raise ArtifactError(f"{file}: missing, though {MANIFEST} lists it. Make it again.")
        found = digest if name in unchanged else sha256(file)
        if found != digest:
            raise ArtifactError(
                f"{file}: changed since it was saved (sha256 {found[:12]}…, "
                f"wanted {digest!s:.12}…). Copy it again or make it again."
            )


def _files(folder: Path) -> list[Path]:
    return sorted(f for f in folder.rglob("*") if f.is_file())


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _check_replaceable(path: Path, kind: str, by_hand: bool) -> None:
    """Raise where ``path`` holds what `_objection` names; look again if it was replaced meanwhile.

    Between two looks at a path another process may have swapped the folder there (`_swap`), so
    that a file seen first is missing next: what was found counts only for one and the same folder.
    """
    while (seen := identity(path)) is not None:
        try:
            objection = _objection(path, kind, by_hand)
        except OSError as error:
            objection = f"could not be read ({error.strerror or error})"
        if identity(path) == seen:
            if objection:
                step = "it is left alone. Choose another -o, or remove it."
                raise ArtifactError(f"{path}: {objection}; {step}")
            return


def _objection(path: Path, kind: str, by_hand: bool) -> str | None:
    """Why what is at ``path`` may not be replaced by an artifact of this kind; None if it may."""
    if path.is_dir() and not any(path.iterdir()):
        return None
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        ours, files = manifest["kind"] == kind, dict(manifest["files"])
    except (OSError, ValueError, KeyError, TypeError):
        ours, files = False, {}
    if not ours:
        return f"already holds something that is not a kgml {kind}"
    there = {str(file.relative_to(path)): file for file in _files(path)}
    added = sorted(there.keys() - files.keys() - {MANIFEST})
    if added:
        return f"holds '{added[0]}', which kgml did not write"
    if by_hand:
        changed = [
            name for name in sorted(there.keys() & files) if sha256(there[name]) != files[name]
        ]
        if changed:
            return (
                f"'{changed[0]}' was changed since kgml wrote it "
                f"({len(changed):,} of {len(files):,} files were)"
            )
    return None


def _swap(temporary: Path, path: Path) -> None:
    """Put ``temporary`` at ``path``; a folder cannot be renamed onto a full one, so step aside."""
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    while True:
        try:
            path.rename(old)
        except FileNotFoundError:
            had = False
        else:
            had = True
        try:
            temporary.rename(path)
            break
        except BaseException as error:  # an interrupt too must leave the old one in its place
            if isinstance(error, OSError) and error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                shutil.rmtree(old, ignore_errors=True)  # another process was quicker: now it is old
                continue
            if had:
                old.rename(path)
            raise
    _fsync(path.absolute().parent)
    shutil.rmtree(old, ignore_errors=True)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(path: Path, error: OSError) -> ArtifactError:
    reason = error.strerror or str(error)
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    advice = "Free some space" if full else "Check the folder"
    return ArtifactError(
        f"{path}: could not be written ({reason}); what was there before is unchanged. "
        f"{advice} or choose another -o."
    )
