"""PostgreSQL's wire protocol as Redshift's driver speaks it: messages, start-up, errors."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
#: Redshift's driver sends more parameters at start-up, which PostgreSQL refuses.
KNOWN_TO_POSTGRES = {b"user", b"database", b"application_name", b"client_encoding", b"options"}
#: What Redshift answers to `show server_version`; dbt's adapter and the driver read it.
SERVER_VERSION = b"8.0.2"


class SqlError(Exception):
    """An error as the server reports it: a message, and SQLSTATE in `state`."""

    def __init__(self, message: str, state: str = "XX000") -> None:
        super().__init__(message)
        self.state = state


@dataclass(frozen=True)
class Message:
    """One message: its type (one byte) and its body without the length."""

    kind: bytes
    body: bytes = b""

    def encode(self) -> bytes:
        """The message as it goes over the wire."""
        return self.kind + struct.pack("!i", len(self.body) + 4) + self.body


async def read_message(reader: asyncio.StreamReader) -> Message:
    """The next message. Raises IncompleteReadError when the other side is gone."""
    head = await reader.readexactly(5)
    return Message(head[:1], await reader.readexactly(struct.unpack("!i", head[1:])[0] - 4))


async def read_startup(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[int, bytes]:
    """The code and the body of the start-up packet; encryption is declined, as the connection is on loopback."""
    while True:
        length = struct.unpack("!i", await reader.readexactly(4))[0]
        body = await reader.readexactly(length - 4)
        code = struct.unpack("!i", body[:4])[0]
        if code not in (SSL_REQUEST, GSS_REQUEST):
            return code, body
        writer.write(b"N")
        await writer.drain()


def startup_packet(code: int, body: bytes) -> bytes:
    """The start-up packet for PostgreSQL: without the parameters that it does not know."""
    if code != CANCEL_REQUEST:
        words = body[4:].rstrip(b"\0").split(b"\0")
        pairs = zip(words[::2], words[1::2], strict=True)
        kept = b"".join(name + b"\0" + value + b"\0" for name, value in pairs if name in KNOWN_TO_POSTGRES)
        body = body[:4] + kept + b"\0"
    return struct.pack("!i", len(body) + 4) + body


def as_redshift(message: Message) -> Message:
    """A server's message as Redshift would send it: its version."""
    if message.kind == b"S" and message.body.startswith(b"server_version\0"):
        return Message(b"S", b"server_version\0" + SERVER_VERSION + b"\0")
    return message


def wants_password(message: Message) -> bool:
    """Whether the server waits for an answer of the client before it says anything else."""
    return message.kind == b"R" and struct.unpack("!i", message.body[:4])[0] in (3, 5, 10, 11)


def error_message(error: SqlError) -> Message:
    """The message that carries an error to the client."""
    fields = {b"S": "ERROR", b"V": "ERROR", b"C": error.state, b"M": str(error)}
    return Message(b"E", b"".join(key + value.encode() + b"\0" for key, value in fields.items()) + b"\0")


def error_of(message: Message) -> SqlError:
    """The error that a server's message carries."""
    fields = {part[:1]: part[1:].decode() for part in message.body.split(b"\0") if part}
    return SqlError(fields.get(b"M", "unknown error"), fields.get(b"C", "XX000"))


def row_values(message: Message) -> list[str | None]:
    """The text values of a row."""
    values: list[str | None] = []
    at = 2
    for _ in range(struct.unpack("!h", message.body[:2])[0]):
        length = struct.unpack("!i", message.body[at : at + 4])[0]
        at += 4
        values.append(None if length < 0 else message.body[at : at + length].decode())
        at += max(length, 0)
    return values
