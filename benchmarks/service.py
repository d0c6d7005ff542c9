"""How the service bears kills, load, large uploads and small files that are hours long.

    python benchmarks/service.py kill --jobs 20 --kills 20
    python benchmarks/service.py kill --jobs 20 --kills 20 --postgres
    python benchmarks/service.py load --clients 50
    python benchmarks/service.py upload --megabytes 2048
    python benchmarks/service.py bomb
    python benchmarks/service.py cut

Each starts servers of its own (PostgreSQL too) and prints what it found. The test suite runs small
versions of the same.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))  # a server in a process: serving.py

from service_kill import kill
from service_load import load_test
from service_upload import bomb, cut_off, upload
from support.postgres import postgres


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["kill", "load", "upload", "bomb", "cut"])
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--megabytes", type=int, default=2048)
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="unispeech-")))
        if given.what == "kill":
            url = stack.enter_context(postgres(folder)).url if given.postgres else ""
            print(kill(folder, given.jobs, given.kills, database=url))
        elif given.what == "load":
            print(load_test(folder, given.clients, alone=10))
        elif given.what == "upload":
            for form in (False, True):
                place = folder / str(form)
                place.mkdir()
                print("form" if form else "body", upload(place, given.megabytes, form))
        elif given.what == "bomb":
            for known in (True, False):
                place = folder / str(known)
                place.mkdir()
                print("length told" if known else "length not told", bomb(place, known=known))
        else:
            print(cut_off(folder))


if __name__ == "__main__":
    main()
