"""Waiting for a program: for as long as it works, and no longer than that."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from control_plane.local.problem import PlatformProblem
from control_plane.local.process import Lock, Program, start, wait_until

BUSY = "import pathlib, time\nwhile True: pathlib.Path('work').write_text(str(time.process_time()))"
IDLE = "import signal\nsignal.pause()"


def program(folder: Path, text: str) -> Program:
    return Program("The program", (sys.executable, "-c", text), folder, folder / "program.log")


@pytest.fixture
def lock(tmp_path: Path) -> Lock:
    return Lock(tmp_path / "program.lock")


async def test_a_slow_start_is_waited_for_while_it_uses_the_processor(tmp_path: Path, lock: Lock) -> None:
    started = program(tmp_path, BUSY)
    start(started, lock)
    began = time.monotonic()

    async def ready() -> bool:
        return time.monotonic() - began > 6

    try:
        await wait_until(ready, started, lock, seconds=3)
    finally:
        await lock.end(0)


async def test_a_program_that_does_nothing_is_given_up(tmp_path: Path, lock: Lock) -> None:
    started = program(tmp_path, IDLE)
    start(started, lock)

    async def ready() -> bool:
        return False

    try:
        with pytest.raises(PlatformProblem, match="does not answer and does nothing"):
            await wait_until(ready, started, lock, seconds=1)
    finally:
        await lock.end(0)


async def test_files_of_a_program_are_its_owners_alone(tmp_path: Path, lock: Lock) -> None:
    started = program(tmp_path, "open('made', 'w').close()")
    start(started, lock)
    assert await lock.wait_free(30)
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o600
