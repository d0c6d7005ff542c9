"""Behaviour of the service under kills, load, large uploads and small files that last hours.

    python benchmarks/service.py kill --jobs 20 --kills 20
    python benchmarks/service.py kill --jobs 20 --kills 20 --postgres
    python benchmarks/service.py load --clients 50
    python benchmarks/service.py upload --megabytes 2048
    python benchmarks/service.py bomb
    python benchmarks/service.py cut
    python benchmarks/service.py idle --seconds 60
    python benchmarks/service.py queue --jobs 1000
    python benchmarks/service.py attack
    python benchmarks/service.py recover --kills 5
    python benchmarks/service.py spread --minutes 60 --model base

Each command starts its own servers (and PostgreSQL) and prints the results. The test suite runs
small versions of them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))  # support.serving

from service_attack import attack
from service_idle import idle
from service_kill import kill
from service_load import load_test
from service_queue import long_queue
from service_recovery import recovery
from service_spread import spread
from service_upload import bomb, cut_off, upload
from support.postgres import postgres

COMMANDS = ("kill", "load", "upload", "bomb", "cut", "idle", "queue", "attack", "recover", "spread")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=COMMANDS)
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--megabytes", type=int, default=2048)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--model", default="base")
    args = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="unispeech-")))
        if args.what == "kill":
            url = stack.enter_context(postgres(folder)).url if args.postgres else ""
            print(kill(folder, args.jobs, args.kills, database=url))
        elif args.what == "load":
            print(load_test(folder, args.clients, alone=10))
        elif args.what == "idle":
            url = stack.enter_context(postgres(folder)).url if args.postgres else ""
            print(idle(folder, args.seconds, database=url))
        elif args.what == "queue":
            url = stack.enter_context(postgres(folder)).url if args.postgres else ""
            print(long_queue(folder, args.jobs, database=url))
        elif args.what == "attack":
            for kind, measured in attack(folder).items():
                print(kind, measured)
        elif args.what == "recover":
            print(recovery(folder, args.kills))
        elif args.what == "spread":
            url = stack.enter_context(postgres(folder)).url
            print(spread(folder, url, args.minutes, args.model))
        elif args.what == "upload":
            for form in (False, True):
                subfolder = folder / str(form)
                subfolder.mkdir()
                print("form" if form else "body", upload(subfolder, args.megabytes, form))
        elif args.what == "bomb":
            for known in (True, False):
                subfolder = folder / str(known)
                subfolder.mkdir()
                print(
                    "length in the header" if known else "length unknown",
                    bomb(subfolder, known=known),
                )
        else:
            print(cut_off(folder))


if __name__ == "__main__":
    main()
