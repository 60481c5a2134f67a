"""How many processes read texts: cores and memory, also where a container or a service unit allows less."""

import os

import pytest

from serving import machine

GB = 1 << 30


@pytest.fixture
def group(tmp_path, monkeypatch):
    """A control group of this process, two below the topmost, without limits."""
    own = tmp_path / "groups" / "system.slice" / "tegn.service"
    own.mkdir(parents=True)
    (tmp_path / "cgroup").write_text("0::/system.slice/tegn.service\n")
    for folder in (own, own.parent):
        (folder / "cpu.max").write_text("max 100000\n")
        (folder / "memory.max").write_text("max\n")
    monkeypatch.setattr(machine, "_CONTROL_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(machine, "_OWN_GROUP", tmp_path / "cgroup")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 64 * GB // 4096}.__getitem__)
    return own


def test_without_limits_one_reads_a_core(group):
    assert (machine.cores(), machine.memory(), machine.default_workers()) == (16, 64 * GB, 16)


def test_a_group_and_those_above_it_limit_memory(group):
    (group / "memory.max").write_text(f"{6 * GB}\n")
    assert (machine.memory(), machine.default_workers()) == (6 * GB, 3)
    (group.parent / "memory.max").write_text(f"{4 * GB}\n")
    assert (machine.memory(), machine.default_workers()) == (4 * GB, 2)


def test_a_quota_counts_as_cores_and_a_part_of_one_as_one(group):
    (group.parent / "cpu.max").write_text("250000 100000\n")
    assert machine.cores() == machine.default_workers() == 3
    (group / "cpu.max").write_text("50000 100000\n")
    assert machine.cores() == machine.default_workers() == 1


def test_where_memory_is_short_one_reads_all_the_same(group):
    (group / "memory.max").write_text(f"{GB // 2}\n")
    assert machine.default_workers() == 1


def test_where_there_are_no_control_groups_the_machine_counts(group, tmp_path):
    (tmp_path / "cgroup").unlink()
    assert (machine.cores(), machine.memory()) == (16, 64 * GB)
    (tmp_path / "cgroup").write_text("12:memory:/old\n")  # version 1 alone
    assert machine.memory() == 64 * GB
