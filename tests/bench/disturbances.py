"""What goes wrong during a soak: processes are killed, connections are cut, the file of the store is locked."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections import Counter

import psutil
import sqlalchemy as sa

from tests.bench.server import Service

EVERY = 15.0
"""Seconds between two, on average."""
LOCKED = (2.0, 14.0)
"""Seconds that the file is locked: the longest is longer than the store waits."""


async def kill_readers(service: Service, done: Counter[str], chance: random.Random) -> None:
    """Kill one of the reading processes now and then."""
    while True:
        await asyncio.sleep(chance.expovariate(1 / EVERY))
        readers = await asyncio.to_thread(service.readers)
        if readers:
            with contextlib.suppress(psutil.Error):
                chance.choice(readers).kill()
                done["readers killed"] += 1


async def cut_connections(service: Service, done: Counter[str], chance: random.Random) -> None:
    """Have PostgreSQL end one, or all, of the service's connections now and then."""
    engine = sa.create_engine(
        service.settings["TEGN_DATABASE_URL"], isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

    def cut() -> int:
        with engine.connect() as connection:
            found = list(connection.scalars(sa.text(query)))
            chosen = found if chance.random() < 0.5 else found[:1]
            return sum(
                bool(connection.scalar(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})) for pid in chosen
            )

    while True:
        await asyncio.sleep(chance.expovariate(1 / EVERY))
        done["connections cut"] += await asyncio.to_thread(cut)


async def lock_the_file(service: Service, done: Counter[str], chance: random.Random) -> None:
    """Hold SQLite's write lock for some seconds now and then, as a backup program or a person at a prompt may."""
    path = service.home / "tegn" / "tegn.db"
    while True:
        await asyncio.sleep(chance.expovariate(1 / EVERY))
        with contextlib.closing(
            sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        ) as connection:
            try:
                await asyncio.to_thread(connection.execute, "BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                continue
            done["file locked"] += 1
            try:
                await asyncio.sleep(chance.uniform(*LOCKED))
            finally:
                connection.execute("ROLLBACK")
