#!/usr/bin/env python3
"""Where the time of a warm run goes, room by room.

  benches/profile.py REPO          runs ctxpack there under perf, and writes a table into docs/performance.md

  --runs N        runs that are sampled (default 20)
  --folded FILE   writes the stacks as well, as flamegraph.pl and inferno-flamegraph draw them
  --out DIR       writes there instead of docs/

Linux only. Needs git, perf, and cargo (or the environment's CTXPACK, a program with frame pointers and symbols).
"""

import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True  # whole.py is read as a module
from whole import BUDGET, ROOT, TASK, machine, put

FREQUENCY = 5000
ROOM = re.compile(r"ctxpack(?:\[[0-9a-f]+\])?::(\w+)")
# Where a stack ends before it comes to a room, as in libraries built without frame pointers.
ELSEWHERE = "libraries"
# Code that stands beside the rooms, by what it is for.
BESIDE = {"collect": "source", "left_out": "emit", "shortlist": "score", "graphs": "score", "outlines": "language", "items": "emit"}


def built():
    """The path of a ctxpack whose stacks can be walked."""
    if "CTXPACK" in os.environ:
        return os.path.abspath(os.environ["CTXPACK"])
    env = os.environ | {
        "RUSTFLAGS": "-C force-frame-pointers=yes",
        "CFLAGS": "-fno-omit-frame-pointer",
        "CARGO_PROFILE_RELEASE_STRIP": "false",
        "CARGO_PROFILE_RELEASE_DEBUG": "line-tables-only",
    }
    build = ["cargo", "build", "--release", "--bin", "ctxpack", "--target-dir", "target/profile", "--message-format", "json"]
    said = subprocess.run(build, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = [json.loads(line).get("executable") for line in said.splitlines()]
    return next(path for path in reversed(found) if path)


def stacks(data):
    """Each sample's functions, the innermost first, those of the kernel marked."""
    said = subprocess.run(["perf", "script", "-i", data, "-F", "ip,sym,dso", "--no-inline"], capture_output=True, text=True, check=True)
    for block in said.stdout.split("\n\n"):
        frames = []
        for line in block.strip().splitlines():
            match = re.match(r"\s*[0-9a-f]+ (.*) \((.*)\)$", line)
            if match:
                in_kernel = "kernel" in match[2] or "vmlinux" in match[2]
                frames.append((match[1].split("+0x")[0], in_kernel))
        if frames:
            yield frames


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repo", type=Path)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--folded", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    args = parser.parse_args()
    ctxpack = built()
    about = machine()
    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {"HOME": folder, "XDG_CACHE_HOME": f"{folder}/cache"}
        command = [ctxpack, str(args.repo), "-t", TASK, "-b", BUDGET, "-q", "-o", os.devnull]
        for _ in range(3):
            subprocess.run(command, env=env, check=True)
        data = f"{folder}/perf.data"
        record = ["perf", "record", "-q", "-F", str(FREQUENCY), "-g", "-o", data, "--", "sh", "-c", 'n=$1; shift; while [ $n -gt 0 ]; do "$@"; n=$((n-1)); done', "sh"]
        subprocess.run(record + [str(args.runs), *command], env=env, check=True)
        all_stacks = list(stacks(data))
    rooms, system, inner, folded = collections.Counter(), collections.Counter(), collections.defaultdict(collections.Counter), collections.Counter()
    for frames in all_stacks:
        room = next((found[1] for name, _ in frames if (found := ROOM.search(name))), ELSEWHERE)
        room = BESIDE.get(room, room)
        rooms[room] += 1
        system[room] += frames[0][1]
        named = next((name for name, _ in frames if ROOM.search(name)), frames[0][0])
        inner[room][re.sub(r"<|>|::\{.*", "", named).split(" as ")[0].replace("ctxpack::", "")] += 1
        folded[";".join(name.replace(";", ",") for name, _ in reversed(frames))] += 1
    if args.folded:
        args.folded.write_text("".join(f"{stack} {n}\n" for stack, n in sorted(folded.items())))
    ms = 1000 / FREQUENCY / args.runs
    out = [
        f"Machine: {about}. {args.runs} runs on {args.repo.resolve().name}, {FREQUENCY:,} samples a second, by `benches/profile.py`.",
        "",
        "| room | all cores | in the system | most of it |",
        "|---|--:|--:|---|",
    ]
    total = sum(rooms.values())
    for room, n in rooms.most_common():
        if n * ms < 1:
            break
        most = "" if room == ELSEWHERE else ", ".join(f"`{name}` {count * ms:.0f}" for name, count in inner[room].most_common(4) if count * ms >= 1)
        out.append(f"| {room} | {n * ms:.0f} ms | {system[room] * ms:.0f} ms | {most} |")
    out.append(f"| all | {total * ms:.0f} ms | {sum(system.values()) * ms:.0f} ms | |")
    put(args.out / "performance.md", "profile", "\n".join(out))


if __name__ == "__main__":
    main()
