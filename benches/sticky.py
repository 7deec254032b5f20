#!/usr/bin/env python3
"""What `ctxpack --sticky` saves: bundles for one task after another, with and without it.

  benches/sticky.py REPO...      ten sequences of six tasks for each repository (clones with a work tree)

  --budget N        of each bundle (default 32k)
  --price N         dollars for a million tokens of input (default 3)
  --cached N        the same for what is read from a provider's cache (default 0.3)

A sequence is the work of a while: the subjects of six commits, one after the other, each of which touches a file that one before it
touched. All bundles of a repository are of the same tree. What is compared: the tokens that a bundle begins with as the one
before did, what the input costs by that, and how many of the files that the commit touched stand in it. CTXPACK names the binary.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

N_SEQUENCES, N_TASKS = 10, 6


def commits(repo):
    """(subject, files) of the newest commits that are no merges and touch few files, newest first."""
    log = ["git", "-C", repo, "log", "--no-merges", "-n", "3000", "--format=%x01%s", "--name-only"]
    said = subprocess.run(log, check=True, stdout=subprocess.PIPE, text=True, errors="replace").stdout
    there = set(subprocess.run(["git", "-C", repo, "ls-files"], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines())
    found = []
    for entry in said.split("\x01")[1:]:
        subject, _, rest = entry.partition("\n")
        files = {line for line in rest.splitlines() if line}
        code = {path for path in files & there if not path.endswith((".md", ".lock", ".json", ".txt"))}
        if 1 <= len(files) <= 12 and code and len(subject) > 20:
            found.append((subject, code))
    return found


def sequences(found):
    """Of work that belongs together, oldest first; no commit is in two."""
    taken, out = set(), []
    for start in range(0, len(found), 7):
        if start in taken:
            continue
        at, files, chosen = start, set(), []
        while at < len(found) and len(chosen) < N_TASKS:
            if at not in taken and (not chosen or files & found[at][1]):
                chosen.append(at)
                files |= found[at][1]
            at += 1
        if len(chosen) == N_TASKS:
            taken.update(chosen)
            out.append([found[idx] for idx in reversed(chosen)])
        if len(out) == N_SEQUENCES:
            break
    return out


def pack(ctxpack, repo, task, budget, sticky, work):
    """The bundle's bytes, its tokens and its files."""
    bundle, manifest = work / "bundle", work / "manifest"
    command = [ctxpack, repo, "-q", "--no-home", "-b", budget, "-t", task, "-o", bundle, "--manifest", manifest]
    subprocess.run(command + (["--sticky", sticky] if sticky else []), check=True)
    said = json.loads(manifest.read_text())
    shown = {item["path"] for item in said["items"] if item["lines"]}
    return bundle.read_bytes(), said["tokens"], shown


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repos", nargs="+", metavar="REPO")
    parser.add_argument("--budget", default="32k")
    parser.add_argument("--price", type=float, default=3.0)
    parser.add_argument("--cached", type=float, default=0.3)
    args = parser.parse_args()
    ctxpack = os.environ.get("CTXPACK", "ctxpack")
    print("| repository | | begins as the one before | of all tokens | dollars for 100 bundles | files found |")
    print("|---|---|--:|--:|--:|--:|")
    for repo in args.repos:
        todo = sequences(commits(repo))
        if not todo:
            sys.exit(f"{repo}: too few commits that belong together")
        for name in ["plain", "sticky"]:
            shared = tokens = n_bundles = found = wanted = 0
            with tempfile.TemporaryDirectory() as work:
                work = Path(work)
                for idx, tasks in enumerate(todo):
                    before = None
                    for task, files in tasks:
                        sticky = work / f"sticky-{idx}" if name == "sticky" else None
                        text, n, shown = pack(ctxpack, repo, task, args.budget, sticky, work)
                        found, wanted = found + len(files & shown), wanted + len(files)
                        if before is not None:
                            same = len(os.path.commonprefix([before, text]))
                            shared, tokens, n_bundles = shared + n * same / len(text), tokens + n, n_bundles + 1
                        before = text
            price = (shared * args.cached + (tokens - shared) * args.price) / 1e6 / n_bundles * 100
            row = [Path(repo).resolve().name, name, f"{shared / n_bundles:,.0f}", f"{shared / tokens:.0%}", f"{price:.2f}"]
            print("| " + " | ".join([*row, f"{found / wanted:.1%}"]) + " |", flush=True)


if __name__ == "__main__":
    main()
