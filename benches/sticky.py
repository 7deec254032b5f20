#!/usr/bin/env python3
"""What `ctxpack --sticky` saves: bundles for one task after another, with and without it.

  benches/sticky.py REPO...      ten sequences of six tasks for each repository (clones with a work tree)

  --budget N        of each bundle (default 32k)
  --price N         dollars for a million tokens of input (default 3)
  --cached N        the same for what is read from a provider's cache (default 0.3)
  --orders          instead: what bundles of the same choice would begin with alike, were their items written in other orders

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
from collections import Counter
from itertools import takewhile
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


def orders(ctxpack, repo, todo, budget):
    """Rows of (order, tokens that a bundle begins with as the one before did, share of the value in its second half)."""
    told = []
    for tasks in todo:
        packed = []
        for task, _ in tasks:
            command = [ctxpack, repo, "-q", "--no-home", "-b", budget, "-t", task, "-f", "json"]
            said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
            packed.append([(item["id"], item["rendering"], item["text"], item["tokens"], item["value"]) for item in said["items"]])
        told.append(packed)
    seen = [Counter(item[:3] for items in packed for item in items) for packed in told]
    everywhere = sum(seen, Counter())

    def full_first(_, items):
        last = sorted(items, key=lambda item: item[4])[-5:]  # what is most valuable stays next to the task
        first = [item for item in items if item[1] == "full" and item not in last]
        return sorted(first) + [item for item in items if item not in first]

    def often(counts):
        return lambda idx, items: sorted(items, key=lambda item: (-counts(idx)[item[:3]], item[:3]))

    ways = {
        "as it is": lambda _, items: items,
        "by path": lambda _, items: sorted(items),
        "files in full first, by path; the best five stay": full_first,
        "most often in the bundles of the other sequences first": often(lambda idx: everywhere - seen[idx]),
        "most often in the bundles of its own sequence first": often(lambda idx: seen[idx]),
    }
    for name, way in ways.items():
        alike, late = [], []
        for idx, packed in enumerate(told):
            ordered = [way(idx, items) for items in packed]
            for before, after in zip(ordered, ordered[1:]):
                same = takewhile(lambda pair: pair[0][:3] == pair[1][:3], zip(before, after))
                alike.append(sum(pair[1][3] for pair in same))
            for items in ordered:
                half, so_far, value = sum(item[3] for item in items) / 2, 0, 0.0
                for item in reversed(items):
                    if so_far < half:
                        so_far, value = so_far + item[3], value + item[4]
                late.append(value / sum(item[4] for item in items))
        yield name, sum(alike) / len(alike), sum(late) / len(late)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repos", nargs="+", metavar="REPO")
    parser.add_argument("--budget", default="32k")
    parser.add_argument("--price", type=float, default=3.0)
    parser.add_argument("--cached", type=float, default=0.3)
    parser.add_argument("--orders", action="store_true")
    args = parser.parse_args()
    ctxpack = os.environ.get("CTXPACK", "ctxpack")
    if args.orders:
        print("| repository | order of the items | begins as the one before | value in its second half |")
        print("|---|---|--:|--:|")
        for repo in args.repos:
            for name, alike, late in orders(ctxpack, repo, sequences(commits(repo)), args.budget):
                print(f"| {Path(repo).resolve().name} | {name} | {alike:,.0f} | {late:.0%} |", flush=True)
        return
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
