"""Connections for the guarded client, to public addresses and to nothing else; TLS over them where it is asked for.

httpcore asks here for every connection, so no name, no spelling and no redirect gets around it. Which addresses are
public is ``addresses``; what is said over a connection, ``fetch``.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import httpcore

from newsletter.addresses import Address
from newsletter.errors import NotAllowed, NotNow

ADDRESSES_TRIED = 4

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""A host's addresses as text. Raises ``OSError`` where there are none."""


def spelt(host: str) -> Address | None:
    """The address that a host spells, also as ``0x7f.1``, ``017700000001`` or ``2130706433``; ``None`` for a name."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host.rstrip(".")))
    except (OSError, ValueError):
        return None


class Names:
    """What names mean to this system, asked for in threads of their own: a name server that does not answer holds up
    nobody else's work."""

    def __init__(self, at_once: int) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="names")

    async def __call__(self, host: str) -> list[str]:
        loop = asyncio.get_running_loop()
        kind = socket.SOCK_STREAM
        found = await loop.run_in_executor(self._threads, lambda: socket.getaddrinfo(host, None, type=kind))
        return [str(sockaddr[0]) for *_, sockaddr in found]

    def close(self) -> None:
        """Whoever still waits for a name gets none."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Guard(httpcore.AsyncNetworkBackend):
    """Connects to public addresses only. A name is asked for once, and what is dialled is what was judged."""

    def __init__(self, resolve: Resolve, is_allowed: Callable[[Address], bool]) -> None:
        self._resolve = resolve
        self._is_allowed = is_allowed

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises ``NotAllowed``, ``NotNow`` for a name that means nothing, and what httpcore raises."""
        found = spelt(host)
        addresses = [found] if found is not None else await self._meant_by(host)
        if not all(map(self._is_allowed, addresses)):
            # Also where another of its addresses is public: which one is dialled must not be a matter of luck.
            raise NotAllowed(host, "its address is not public")
        failed: Exception = NotNow(host, "there is no such host")
        for address in addresses[:ADDRESSES_TRIED]:
            try:
                return _Stream(await _connected(address, port, timeout))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    async def _meant_by(self, host: str) -> list[Address]:
        try:
            return [ip_address(text) for text in dict.fromkeys(await self._resolve(host))]
        except (OSError, ValueError) as error:
            raise NotNow(host, "there is no such host") from error

    async def connect_unix_socket(self, path: str, *_: object, **__: object) -> httpcore.AsyncNetworkStream:
        """Never."""
        raise NotAllowed(path, "a socket of this machine is no page")

    async def sleep(self, seconds: float) -> None:
        """As asyncio's."""
        await asyncio.sleep(seconds)


async def _connected(address: Address, port: int, seconds: float | None) -> socket.socket:
    family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    async with _within(seconds, httpcore.ConnectTimeout, httpcore.ConnectError):
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            await asyncio.get_running_loop().sock_connect(connection, (str(address), port))
        except BaseException:
            connection.close()
            raise
    return connection


class _Stream(httpcore.AsyncNetworkStream):
    """A connected socket, read and written as it is: httpcore's own stream over AnyIO costs as much as the rest of a
    request. Once TLS is asked for, asyncio's over it."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._over_tls: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's signature
        async with _within(timeout, httpcore.ReadTimeout, httpcore.ReadError):
            if self._over_tls:
                return await self._over_tls[0].read(max_bytes)
            return await asyncio.get_running_loop().sock_recv(self._socket, max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's signature
        if not buffer:
            return
        async with _within(timeout, httpcore.WriteTimeout, httpcore.WriteError):
            if self._over_tls:
                self._over_tls[1].write(buffer)
                await self._over_tls[1].drain()
            else:
                await asyncio.get_running_loop().sock_sendall(self._socket, buffer)

    async def aclose(self) -> None:
        """Hang up without waiting for the other side."""
        if not self._over_tls:
            self._socket.close()
            return
        self._over_tls[1].transport.abort()
        with suppress(OSError):
            await self._over_tls[1].wait_closed()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        """The same stream. ``server_hostname`` is asked for (SNI), and must be in the certificate."""
        try:
            async with _within(timeout, httpcore.ConnectTimeout, httpcore.ConnectError):
                self._over_tls = await asyncio.open_connection(
                    sock=self._socket, ssl=ssl_context, server_hostname=server_hostname
                )
        except BaseException:
            self._socket.close()
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks for before it uses a connection again."""
        if info == "ssl_object" and self._over_tls:
            return self._over_tls[1].get_extra_info("ssl_object")
        return self._is_over() if info == "is_readable" else None

    def _is_over(self) -> bool:
        """Whether an idle connection was hung up, or says what nobody asked for."""
        if self._over_tls:
            return self._over_tls[0].at_eof()
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            pass
        return True


@asynccontextmanager
async def _within(seconds: float | None, too_slow: type[Exception], broken: type[Exception]) -> AsyncIterator[None]:
    """Bounds a step in time, and tells what goes wrong in httpcore's words."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise too_slow(str(error)) from error
    except OSError as error:  # TLS's own are such, too
        raise broken(str(error)) from error
