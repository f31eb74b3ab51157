"""Files from the network: only where the user allowed it, only https, only public addresses.

How one is asked for is in `kgml.kg.sources.transport`; here is what is kept of the answer.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kgml.artifacts import sha256, to_json, write_file
from kgml.config import GraphConfig
from kgml.errors import ArtifactError
from kgml.kg.sources.transport import PUBLIC, Rules, limited, refused, request
from kgml.progress import note, warn

ACCEPT = (
    "text/turtle, application/n-triples, application/rdf+xml;q=0.9, application/owl+xml;q=0.8, "
    "application/ld+json;q=0.7, text/obo;q=0.7, */*;q=0.1"
)


def cache_folder() -> Path:
    """``$KGML_CACHE``, or the folder this system keeps caches in."""
    given = os.environ.get("KGML_CACHE")
    if given:
        return Path(given).expanduser()
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("kgml", appauthor=False))


def fetch(url: str, config: GraphConfig, folder: Path, rules: Rules = PUBLIC) -> Path:
    """The file behind ``url``, from ``folder / "downloads"`` if it was fetched before.

    Beside the file lies a JSON note with the URL, the one it came from in the end, media type,
    bytes and sha256; a file that does not fit its note is fetched again. Remove both to fetch anew.

    Raises:
        OntologyError: a URL that may not be asked for, no answer, another status than 200, more
            than ``config.max_download`` bytes or more than ``config.timeout`` seconds.
        ArtifactError: the folder cannot be written to.
    """
    url = url.partition("#")[0]
    ending = re.search(r"(?:\.[A-Za-z0-9]{1,8}){1,2}\Z", url.partition("?")[0].rpartition("/")[2])
    key = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    path = Path(folder) / "downloads" / f"{key}{ending[0] if ending else ''}"
    if _kept(path, url):
        return path
    with request(url, rules, config.timeout, {"Accept": ACCEPT}) as answer:
        if answer.status != 200:
            raise refused(answer)
        digest, size = _save(limited(answer, config.max_download), path)
    content = {"url": url, "from": answer.url, "type": answer.content_type, "bytes": size}
    write_file(_note(path), to_json({**content, "sha256": digest}))
    note(f"fetched {answer.url} ({size:,} bytes, {answer.content_type or 'no media type'})")
    return path


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _kept(path: Path, url: str) -> bool:
    try:
        said = json.loads(_note(path).read_text(encoding="utf-8"))
        if path.is_file() and said["url"] == url and said["sha256"] == sha256(path):
            return True
    except OSError:
        return False
    except (ValueError, KeyError, TypeError):
        pass
    warn(f"{path}: does not fit the note beside it; fetched again.")
    return False


def _save(chunks: Iterator[bytes], path: Path) -> tuple[str, int]:
    """Write beside, fsync, rename; the sha256 (hex) and the length."""
    digest, size = hashlib.sha256(), 0
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as stream:
            for chunk in chunks:
                stream.write(chunk)
                digest.update(chunk)
                size += len(chunk)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise ArtifactError(
            f"{path}: could not be written ({error.strerror}). Free some space, or set KGML_CACHE "
            "to a folder that can be written."
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    return digest.hexdigest(), size
