"""Which files to land, and what can be said of a file before its rows are read."""

from __future__ import annotations

import codecs
import glob
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingestion.storage import S3_SCHEME, open_storage

SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".ndjson": "json",
    ".jsonl": "json",
    ".parquet": "parquet",
}
GZIP_MAGIC, PARQUET_MAGIC = b"\x1f\x8b", b"PAR1"
BLOCK = 1 << 20
SNIFF = 1 << 20


class SourceError(ValueError):
    """An argument that names no file; the message says which."""


@dataclass(frozen=True)
class Inspection:
    """One pass over a file's bytes.

    content_hash: sha256 of the content (uncompressed where it could be uncompressed);
    quotes: of a CSV, how many quote characters; an odd number means that one never closes, or is none;
    problem: the reason why no row of the file can be read, or None.
    """

    path: Path
    format: str
    gzipped: bool
    content_hash: str
    is_utf8: bool
    quotes: int
    head: bytes
    size: int
    problem: str | None = None


@dataclass(frozen=True)
class Remote:
    """A file in S3, by its address s3://bucket/key; fetched when its turn comes."""

    address: str

    @property
    def name(self) -> str:
        return self.address.rpartition("/")[2]

    def __str__(self) -> str:
        return self.address

    def fetch(self, folder: Path) -> Path:
        """A copy in `folder`. Raises StorageError."""
        bucket, _, key = self.address.removeprefix(S3_SCHEME).partition("/")
        return open_storage(f"{S3_SCHEME}{bucket}").fetch(key, folder)


def expand(arguments: Iterable[str]) -> list[Path | Remote]:
    """Files named by paths, folders (all known files below), globs, and addresses in S3, once each, in name order.

    Raises SourceError for an argument that matches nothing, StorageError for a bucket that cannot be read.
    """
    found: dict[Path | Remote, None] = {}
    for argument in arguments:
        matches = _matches(argument)
        if not matches:
            raise SourceError(f"{argument}: no such file, and no folder or glob that holds one")
        found.update(dict.fromkeys(matches))
    return sorted(found, key=lambda path: (path.name, str(path)))


def _matches(argument: str) -> Sequence[Path | Remote]:
    if argument.startswith(S3_SCHEME):
        return _objects(argument)
    path = Path(argument).expanduser()
    if path.is_dir():
        return [p for p in path.rglob("*") if p.is_file() and is_known(p) and not _hidden(p, path)]
    if path.is_file():
        return [path]
    found = glob.glob(str(path), recursive=True)  # noqa: PTH207 - the pattern may be absolute
    return [Path(p) for p in found if Path(p).is_file()]


def _objects(address: str) -> list[Remote]:
    """An object, or those that a glob matches segment by segment."""
    bucket, _, pattern = address.removeprefix(S3_SCHEME).partition("/")
    if not pattern or pattern.endswith("/"):
        raise SourceError(f"{address}: a folder in S3 is too wide; say which files, as in {address.rstrip('/')}/*.csv")
    return [Remote(f"{S3_SCHEME}{bucket}/{key}") for key in open_storage(f"{S3_SCHEME}{bucket}").glob(pattern)]


def is_known(path: Path) -> bool:
    """Does the name end like a format that the lander reads?"""
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix in SUFFIXES


def _hidden(path: Path, below: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(below).parts)


def inspect(path: Path) -> Inspection:
    """Read a file once: its hash, its format, whether it is UTF-8 and whole."""
    with path.open("rb") as handle:
        gzipped = handle.read(2) == GZIP_MAGIC
    try:
        return _scan(path, gzipped, unpack=gzipped)
    except (EOFError, OSError, zlib.error):
        if not gzipped:
            raise
        return _scan(path, gzipped, unpack=False, problem="unreadable_file")


def _scan(path: Path, gzipped: bool, unpack: bool, problem: str | None = None) -> Inspection:
    digest, decoder = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")()
    head, form, size, quotes, is_utf8 = b"", "", 0, 0, True
    with open_bytes(path, unpack) as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
            if not size:
                head = block[:SNIFF]
                form = _format(path, head)
            size += len(block)
            quotes += block.count(b'"') if form == "csv" else 0
            is_utf8 = is_utf8 and _decodes(decoder, block)
    is_utf8 = is_utf8 and _decodes(decoder, b"", final=True)
    form = form or _format(path, head)
    if problem is None and not head.removeprefix(codecs.BOM_UTF8).strip():
        problem = "empty_file"
    if problem is None and head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) and form != "parquet":
        problem = "not_utf8"
    return Inspection(path, form, gzipped, digest.hexdigest(), is_utf8, quotes, head, size, problem)


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, final: bool = False) -> bool:
    if block.isascii() and not final and not decoder.getstate()[0]:
        return True  # an eighth of the time that decoding takes
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _format(path: Path, head: bytes) -> str:
    """csv, json or parquet: by what the file begins with where that is certain, else by its name."""
    if head.startswith(PARQUET_MAGIC):
        return "parquet"
    known = SUFFIXES.get(Path(path.name.lower().removesuffix(".gz")).suffix)
    if known:
        return known
    return "json" if head.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"{", b"[") else "csv"


def open_bytes(path: Path, gzipped: bool) -> io.BufferedReader | gzip.GzipFile:
    """The content of a file, uncompressed."""
    return gzip.open(path, "rb") if gzipped else path.open("rb")
