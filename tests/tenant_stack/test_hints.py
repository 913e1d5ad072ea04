"""Hints to the worker: many become one, and nobody who closes waits for them."""

from __future__ import annotations

import asyncio

from tenant_stack.worker_hints import Coalesced


async def test_many_calls_are_one_run_and_closing_does_not_wait_for_the_rest() -> None:
    ran = asyncio.Semaphore(0)

    async def run() -> None:
        ran.release()

    hint = Coalesced(run, pause=3600)
    for _ in range(5):
        hint()
    await asyncio.wait_for(ran.acquire(), 5)
    await asyncio.wait_for(hint.close(), 5)
    assert ran.locked()


async def test_a_call_during_a_run_is_one_more_run_and_a_fault_ends_nothing() -> None:
    began, go_on, runs = asyncio.Semaphore(0), asyncio.Event(), 0

    async def run() -> None:
        nonlocal runs
        runs += 1
        began.release()
        await go_on.wait()
        raise ValueError("this round fails")

    hint = Coalesced(run)
    hint()
    await asyncio.wait_for(began.acquire(), 5)
    hint()
    hint()
    go_on.set()
    await asyncio.wait_for(began.acquire(), 5)
    await hint.close()
    assert runs == 2
