"""What can go wrong in the lake: for a client of the catalogue, and for a user."""

from __future__ import annotations


class LakeError(RuntimeError):
    """The lake cannot be used as it stands; the message says what to do."""


class CatalogError(Exception):
    """An answer of the REST protocol other than success: HTTP status, the protocol's name for it, a message."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


def bad_request(message: str) -> CatalogError:
    """400: the client sent what the catalogue does not understand."""
    return CatalogError(400, "BadRequestException", message)


def no_namespace(name: str) -> CatalogError:
    """404: there is no such namespace."""
    return CatalogError(404, "NoSuchNamespaceException", f"there is no namespace {name}")


def no_table(name: str) -> CatalogError:
    """404: there is no such table."""
    return CatalogError(404, "NoSuchTableException", f"there is no table {name}")


def exists(name: str) -> CatalogError:
    """409: the name is taken."""
    return CatalogError(409, "AlreadyExistsException", f"{name} exists")


def conflict(message: str) -> CatalogError:
    """409: somebody else committed first; nothing of this commit was kept."""
    return CatalogError(409, "CommitFailedException", message)
