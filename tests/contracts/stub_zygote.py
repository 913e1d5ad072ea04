"""The real zygote with programs that do nothing: they say that they are ready, and wait to be ended."""

from __future__ import annotations

import signal
from collections.abc import Callable

from punctual import zygote


def serve(_: dict[str, object], announce_ready: Callable[[], None]) -> None:
    announce_ready()
    signal.pause()


def migrate(_: dict[str, object]) -> str:
    return "head"


zygote.SERVICES.update(dict.fromkeys(zygote.SERVICES, serve))
zygote.ERRANDS.update(dict.fromkeys(zygote.ERRANDS, migrate))

if __name__ == "__main__":
    zygote.main()
