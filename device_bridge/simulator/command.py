"""``punctual simulate terminal | push | fleet``: clocks made of software in the foreground, until Ctrl-C or SIGTERM.

While a single one runs, lines ``punch PIN [STATUS]`` on standard input make somebody punch.
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
import sys
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from device_bridge.simulator.csv_files import BadFile, read_log, read_users
from device_bridge.simulator.faults import FaultyLine, parse_faults
from device_bridge.simulator.fleet import Fleet, FleetPlan, FleetResult
from device_bridge.simulator.memory import SimulatedPunch, SimulatedUser
from device_bridge.simulator.profiles import UnknownProfile
from device_bridge.simulator.push_clock import PushClock
from device_bridge.simulator.push_scenario import PushScenarioClock
from device_bridge.simulator.scenario import Scenario, ScenarioClock, play, read_scenario
from device_bridge.simulator.terminal_clock import TerminalClock
from device_bridge.simulator.terminal_faults import TERMINAL_FAULTS
from device_bridge.simulator.terminal_scenario import TerminalScenarioClock

app = typer.Typer(no_args_is_help=True, help="Run a simulated punch clock.")

Serial = Annotated[str, typer.Option("--serial", help="The clock's serial number")]
Profile = Annotated[str, typer.Option("--profile", help="The kind of clock")]
Users = Annotated[Path | None, typer.Option("--users", help="CSV: pin,name,card,privilege")]
Logs = Annotated[Path | None, typer.Option("--logs", help="CSV: pin,local_time,status,verify")]
Authority = Annotated[
    Path | None,
    typer.Option("--ca-file", envvar="PUNCTUAL_CA_FILE", help="An authority to trust beside the usual"),
]
PunchEvery = Annotated[
    float | None, typer.Option("--punch-every", min=0.05, help="Somebody who is known punches every so many seconds")
]
ScenarioFile = Annotated[
    Path | None, typer.Option("--scenario", help="YAML of what happens when; see device_bridge/simulator/scenario.py")
]
Seed = Annotated[int | None, typer.Option("--seed", help="The same seed makes the same choices")]
Zone = Annotated[str, typer.Option("--zone", help="The IANA zone its wall time is set to")]
USAGE_ERROR = 2
FAILED = 1


@app.command()
def terminal(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Where it listens; 0 takes a free port")],
    serial: Serial,
    profile: Profile = "zk8",
    comm_key: Annotated[int | None, typer.Option("--comm-key", min=0, max=999_999, help="Its key")] = None,
    users: Users = None,
    logs: Logs = None,
    udp: Annotated[bool, typer.Option("--udp", help="Speak UDP instead of TCP")] = False,
    host: Annotated[str, typer.Option("--host", help="The address it listens on")] = "127.0.0.1",
    zone: Zone = "UTC",
    punch_every: PunchEvery = None,
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", help=f"NAME or NAME:N, once in N answers: {', '.join(TERMINAL_FAULTS)}"),
    ] = None,
    scenario: ScenarioFile = None,
    seed: Seed = None,
) -> None:
    """A pull clock: it waits to be called on its port (protocol 4370)."""
    people, log = _read(users, logs)
    try:
        script = read_scenario(scenario, seed) if scenario else None
        chosen_seed = script.seed if script else random.randrange(1 << 31) if seed is None else seed
        clock = TerminalClock(
            serial,
            profile=profile,
            comm_key=comm_key,
            users=people,
            log=log,
            zone=zone,
            udp=udp,
            announce=typer.echo,
            faults=fault or (),
            seed=chosen_seed,
        )
        clock.local_time()
    except (UnknownProfile, LookupError, ValueError) as error:
        raise _usage(str(error).strip("'\"")) from error

    async def begin() -> None:
        await clock.start(host, port)
        said = f", seed {chosen_seed}" if script or fault else ""
        typer.echo(
            f"{serial}: listening on {host} port {clock.port} ({'UDP' if clock.udp else 'TCP'}), "
            f"{len(clock.users)} users, {len(clock.log)} punches{said}"
        )

    async def follow() -> None:
        if script is not None:
            await _play(script, TerminalScenarioClock(clock))

    _run(begin, clock.stop, clock, punch_every, random.Random(chosen_seed), follow)


@app.command()
def push(
    url: Annotated[str, typer.Option("--url", help="Base URL, such as https://acme.devices.localhost:8443")],
    serial: Serial,
    profile: Profile = "att-2.4",
    users: Users = None,
    logs: Logs = None,
    ca_file: Authority = None,
    zone: Zone = "UTC",
    punch_every: PunchEvery = None,
    fault: Annotated[str, typer.Option("--fault", help="Such as drop=0.01,lost-ack=0.02,garbage=0.01")] = "",
    scenario: ScenarioFile = None,
    seed: Seed = None,
) -> None:
    """A push clock: it calls the server (ADMS, iclock), which tells it its zone; ``--zone`` counts until then."""
    people, log = _read(users, logs)
    if ca_file is not None and not ca_file.is_file():
        raise _usage(f"{ca_file}: there is no such file")
    try:
        script = read_scenario(scenario, seed) if scenario else None
        chosen_seed = script.seed if script else random.randrange(1 << 31) if seed is None else seed
        clock = PushClock(
            url,
            serial,
            profile=profile,
            users=people,
            log=log,
            zone=zone,
            announce=typer.echo,
            line=FaultyLine(
                url,
                ca_file,
                faults=parse_faults(fault),
                chance=random.Random(f"{chosen_seed} {serial}"),
                happened=Counter(),
            ),
        )
        clock.local_time()
    except (UnknownProfile, LookupError, ValueError) as error:
        raise _usage(str(error).strip("'\"")) from error

    async def begin() -> None:
        said = f", seed {chosen_seed}" if script or fault else ""
        typer.echo(f"{serial}: calling {url}, {len(clock.users)} users, {len(clock.log)} punches{said}")
        await clock.start()

    async def follow() -> None:
        if script is not None:
            await clock.wait_until_ready()
            await _play(script, PushScenarioClock(clock))

    _run(begin, clock.stop, clock, punch_every, random.Random(chosen_seed), follow)


@app.command()
def fleet(
    url: Annotated[str, typer.Option("--url", help="Base URL, such as https://acme.devices.localhost:8443")],
    ledger: Annotated[Path, typer.Option("--ledger", help="CSV that takes every punch before it is sent")],
    clocks: Annotated[int, typer.Option("--clocks", min=1, max=9999)] = 100,
    punches_per_second: Annotated[float, typer.Option("--punches-per-second", min=0.01, max=5000)] = 20.0,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="How long people punch")] = 60.0,
    seed: Seed = None,
    serial_prefix: Annotated[str, typer.Option("--serial-prefix", help="Serials are this and 0001, 0002, …")] = "FLEET",
    profile: Annotated[list[str] | None, typer.Option("--profile", help="Kinds of clock, in turn")] = None,
    fault: Annotated[str, typer.Option("--fault", help="drop=0.01,delay=0.05,lost-ack=0.02,corrupt=0.01,…")] = "",
    error_delay: Annotated[float, typer.Option("--error-delay", min=0.01, help="Seconds until a retry")] = 3.0,
    patience: Annotated[float, typer.Option("--patience", min=1, help="Longest wait for the server, seconds")] = 120.0,
    ca_file: Authority = None,
    burst: Annotated[int, typer.Option("--burst", min=0, help="So many punches at once, half-way")] = 0,
    poll_seconds: Annotated[float | None, typer.Option("--poll", min=0.05, help="Seconds between polls")] = None,
    scenario: ScenarioFile = None,
) -> None:
    """Many push clocks at once; they keep every punch until it is taken. Exit 1 when some were not."""
    try:
        script = read_scenario(scenario, seed) if scenario else None
        seed = script.seed if script else 1 if seed is None else seed
        plan = FleetPlan(
            url=url,
            clocks=clocks,
            punches_per_second=punches_per_second,
            seconds=seconds,
            seed=seed,
            ledger=ledger,
            serial_prefix=serial_prefix,
            profiles=profile or ["att-2.4"],
            faults=parse_faults(fault),
            ca_file=ca_file,
            error_delay=error_delay,
            patience=patience,
            burst=burst,
            poll_seconds=poll_seconds,
            scenario=script,
        )
        made = Fleet(plan, typer.echo)
        typer.echo(f"{clocks} clocks call {url}, seed {seed}")
        result = asyncio.run(_run_fleet(made))
    except (OSError, ValueError) as error:
        raise _usage(str(error)) from error
    typer.echo(str(result))
    if result.waiting or not result.punches:
        raise typer.Exit(FAILED)


async def _run_fleet(made: Fleet) -> FleetResult:
    # Each clock holds a connection or two, which is more files than a process may have by default.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, made.halt)
    return await made.run()


async def _play(script: Scenario, stage: ScenarioClock) -> None:
    await play(script, [stage], typer.echo)
    typer.echo(f"{stage.serial}: the scenario is over")


def _usage(sentence: str) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(USAGE_ERROR)


def _read(users: Path | None, logs: Path | None) -> tuple[list[SimulatedUser], list[SimulatedPunch]]:
    try:
        return read_users(users) if users else [], read_log(logs) if logs else []
    except BadFile as error:
        raise _usage(str(error)) from error


def _run(
    begin: Callable[[], Awaitable[None]],
    end: Callable[[], Awaitable[None]],
    clock: TerminalClock | PushClock,
    punch_every: float | None,
    chance: random.Random | None = None,
    beside: Callable[[], Awaitable[None]] | None = None,
) -> None:
    who = chance or random.Random()

    async def live() -> None:
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, over.set)
        await begin()
        _listen_to_standard_input(loop, clock)
        tasks = [asyncio.ensure_future(_punch_at_random(clock, punch_every, who))] if punch_every else []
        if beside is not None:
            tasks.append(asyncio.ensure_future(beside()))
        await over.wait()
        for task in tasks:
            task.cancel()
        await end()
        typer.echo(f"{clock.serial}: switched off")

    try:
        asyncio.run(live())
    except OSError as error:
        raise _usage(f"The clock cannot start: {error}") from error


async def _punch_at_random(clock: TerminalClock | PushClock, seconds: float, chance: random.Random) -> None:
    while True:
        await asyncio.sleep(seconds)
        if clock.users and clock.ready:
            clock.punch(chance.choice(list(clock.users)), status=chance.choice((0, 1)))


def _listen_to_standard_input(loop: asyncio.AbstractEventLoop, clock: TerminalClock | PushClock) -> None:
    """A daemon thread, because standard input may be a file or a terminal, which event loops cannot wait for.

    It reads the descriptor itself: a thread inside ``sys.stdin`` would hold a lock that the interpreter needs to exit.
    """

    def read() -> None:
        pending = b""
        while piece := os.read(sys.stdin.fileno(), 4096):
            *lines, pending = (pending + piece).split(b"\n")
            for line in lines:
                if words := line.decode("utf-8", errors="replace").split():
                    loop.call_soon_threadsafe(_obey, clock, words)

    if sys.stdin is not None and not sys.stdin.closed:
        threading.Thread(target=read, name="standard input", daemon=True).start()


def _obey(clock: TerminalClock | PushClock, words: list[str]) -> None:
    match words:
        case ["punch", pin] if 0 < len(pin.encode()) <= 24:
            clock.punch(pin)
        case ["punch", pin, status] if 0 < len(pin.encode()) <= 24 and status.isdigit() and int(status) <= 255:
            clock.punch(pin, status=int(status))
        case _:
            typer.echo("Say: punch PIN [STATUS]", err=True)
