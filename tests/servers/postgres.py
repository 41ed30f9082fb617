"""A real PostgreSQL for one test run: made in a temporary folder, reached by a unix socket, gone afterwards.

Nothing is safe on it (fsync is off) and little is as a test would wish: its time zone is not UTC and it sorts
text by language, as servers in the wild do, so that the store must not lean on either.
"""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

PLACES = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # Red Hat and kin
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
OWNER = "linkletter"
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "60",
    "timezone": "Asia/Seoul",
}


class NotInstalled(Exception):
    """No PostgreSQL server programs on this machine."""


def programs() -> Path:
    """The newest folder with `initdb` in it. Raises `NotInstalled`."""
    found = [folder for place in PLACES for folder in Path("/").glob(place[1:]) if (folder / "initdb").exists()]
    if found:
        return max(found, key=lambda folder: [int(number) for number in re.findall(r"\d+", str(folder))])
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    raise NotInstalled


def unprivileged() -> str | None:
    """PostgreSQL refuses to run as root: the user to become, or None if we are nobody special already."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise NotInstalled


@contextmanager
def running() -> Iterator[str]:
    """Start a server, yield the URL of its maintenance database, stop it. About half a second."""
    bin_folder = programs()
    user = unprivileged()
    # Not pytest's tmp_path: that is closed to the user we become, and a socket's path must stay under 108 bytes.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    data = folder / "data"

    def call(program: str, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            [str(bin_folder / program), *arguments],
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "LC_ALL": "C",
            },  # no PGOPTIONS, PGHOST, TZ of whoever runs the tests
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
        )
        if check and done.returncode:
            log = folder / "log"
            more = log.read_text() if log.exists() else ""
            raise RuntimeError(f"{program} ended with {done.returncode}:\n{done.stdout.decode()}{more}")
        return done.stdout.decode()

    try:
        if user:
            shutil.chown(folder, user)
        version = int(re.search(r"\d+", call("initdb", "--version"))[0])
        by_language = ["--locale-provider=icu", "--icu-locale=en-US"] if version >= 15 else []
        call(
            *("initdb", f"--pgdata={data}", f"--username={OWNER}", "--auth=trust", "--no-sync"),
            *("--encoding=UTF8", "--locale=C", *by_language),
        )
        with (data / "postgresql.conf").open("a") as configuration:
            configuration.writelines(f"{name} = '{value}'\n" for name, value in SETTINGS.items())
            configuration.write(f"unix_socket_directories = '{folder}'\n")
        call("pg_ctl", f"--pgdata={data}", f"--log={folder / 'log'}", "--wait", "--silent", "start")
        try:
            yield f"postgresql://{OWNER}@/postgres?host={quote(str(folder), safe='')}"
        finally:
            call("pg_ctl", f"--pgdata={data}", "--mode=immediate", "--silent", "stop", check=False)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """A new, empty database on `server`, as a URL; dropped afterwards, whoever is still connected."""
    name = f"linkletter_test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
