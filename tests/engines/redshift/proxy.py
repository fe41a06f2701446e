"""The front door: Redshift's driver on one side, PostgreSQL on the other, one task for each connection.

`python -m tests.engines.redshift.proxy LISTEN_PORT POSTGRES_PORT`. The driver asks and waits, so a session is a
sequence: read the client until it asks for an answer, hand that on, then hand the server's answer back.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

from tests.engines.base import LOOPBACK
from tests.engines.redshift import copy_from_s3, wire
from tests.engines.redshift.copy_from_s3 import Copy, TargetColumn
from tests.engines.redshift.rewrite import NOTHING, raising, rewrite
from tests.engines.redshift.wire import Message, SqlError

COLUMNS = """
    select attname, format_type(atttypid, atttypmod) from pg_attribute
    where attrelid = '{table}'::regclass and attnum > 0 and not attisdropped order by attnum
"""


class Session:
    """One client and its PostgreSQL connection."""

    def __init__(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter, postgres_port: int) -> None:
        self.client, self.to_client, self.postgres_port = client, to_client, postgres_port
        self.copies: dict[bytes, Copy] = {}
        self.pending: Copy | None = None

    async def run(self) -> None:
        """Serve until one side is gone; PostgreSQL then rolls back what was open."""
        code, body = await wire.read_startup(self.client, self.to_client)
        self.server, self.to_server = await asyncio.open_connection(LOOPBACK, self.postgres_port)
        try:
            self.to_server.write(wire.startup_packet(code, body))
            if code != wire.CANCEL_REQUEST and await self._authenticate():
                while True:
                    await self._take(await wire.read_message(self.client))
        finally:
            self.to_server.close()

    async def _authenticate(self) -> bool:
        """Hand on password messages until the server is ready; false when it refused."""
        while True:
            message = wire.as_redshift(await wire.read_message(self.server))
            self.to_client.write(message.encode())
            await self.to_client.drain()
            if message.kind in (b"Z", b"E"):
                return message.kind == b"Z"
            if wire.wants_password(message):
                self.to_server.write((await wire.read_message(self.client)).encode())

    async def _take(self, message: Message) -> None:
        """One message of the client. A COPY from S3 is held back until the client asks for the answer."""
        if message.kind == b"P":
            message = self._parsed(message)
        elif message.kind == b"Q":
            message = Message(b"Q", rewrite(message.body[:-1].decode()).encode() + b"\0")
        elif message.kind == b"B":
            self.pending = self.copies.get(message.body.split(b"\0", 2)[1])
        if self.pending is None:
            self.to_server.write(message.encode())
            if message.kind in (b"S", b"Q"):
                await self._answer()
        elif message.kind == b"S":
            copy, self.pending = self.pending, None
            await self._copy(copy)

    def _parsed(self, message: Message) -> Message:
        """A statement to prepare, in PostgreSQL's words; in a COPY's place one that does nothing."""
        name, sql, rest = message.body.split(b"\0", 2)
        self.copies.pop(name, None)
        try:
            copy = copy_from_s3.parse(sql.decode())
            text = rewrite(sql.decode()) if copy is None else NOTHING
        except SqlError as error:
            copy, text = None, raising(error)
        if copy is not None:
            self.copies[name] = copy
        return Message(b"P", name + b"\0" + text.encode() + b"\0" + rest)

    async def _answer(self) -> None:
        """Hand the server's messages back until it is ready for the next statement."""
        while True:
            message = wire.as_redshift(await wire.read_message(self.server))
            self.to_client.write(message.encode())
            if message.kind == b"Z":
                break
        await self.to_client.drain()

    async def _copy(self, copy: Copy) -> None:
        """Run a COPY from S3 in this very session and transaction, and answer as to any statement."""
        try:
            table = copy.table.replace("'", "''")
            found = [wire.row_values(row) async for row in self._ask(COLUMNS.format(table=table)) if row.kind == b"D"]
            columns = {str(name): TargetColumn(str(name), str(kind)) for name, kind in found}
            target = [columns[name] for name in copy.columns] if copy.columns else list(columns.values())
            names = ", ".join(f'"{column.name}"' for column in target)
            pieces = await asyncio.to_thread(lambda: list(copy_from_s3.rows(copy, target)))
            done = await self._feed(f"copy {copy.table} ({names}) from stdin with (format csv)", pieces)
            self.to_client.write(Message(b"2").encode() + done.encode())
        except KeyError as error:
            await self._fail(SqlError(f"column {error} of relation {copy.table} does not exist", "42703"))
        except SqlError as error:
            await self._fail(error)
        self.to_client.write(self.ready.encode())
        await self.to_client.drain()

    async def _fail(self, error: SqlError) -> None:
        """Give the client the error, and let it count in the transaction that is open."""
        if self.ready.body == b"T":
            with_error = [message async for message in self._ask(raising(error), fails=True)]
            assert with_error, "the server did not fail"
        self.to_client.write(wire.error_message(error).encode())

    async def _feed(self, statement: str, pieces: list[bytes]) -> Message:
        """PostgreSQL's own COPY with these pieces; its message of completion."""
        done = Message(b"C", b"COPY 0\0")
        async for message in self._ask(statement):
            if message.kind == b"G":
                for piece in pieces:
                    self.to_server.write(Message(b"d", piece).encode())
                    await self.to_server.drain()
                self.to_server.write(Message(b"c").encode())
            elif message.kind == b"C":
                done = message
        return done

    async def _ask(self, sql: str, fails: bool = False) -> AsyncIterator[Message]:
        """Messages of the answer to a statement of our own. Raises SqlError if it fails, unless it is meant to."""
        self.to_server.write(Message(b"Q", sql.encode() + b"\0").encode())
        error = None
        while True:
            message = await wire.read_message(self.server)
            if message.kind == b"E":
                error = wire.error_of(message)
            if message.kind == b"Z":
                self.ready = message
                break
            yield message
        if error is not None and not fails:
            raise error


async def serve(listen_port: int, postgres_port: int) -> None:
    """Accept connections until the process is ended."""

    async def connected(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            await Session(client, to_client, postgres_port).run()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # one side hung up
        finally:
            to_client.close()

    server = await asyncio.start_server(connected, LOOPBACK, listen_port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
