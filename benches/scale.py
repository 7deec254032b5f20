#!/usr/bin/env python3
"""How time and memory grow with files and with commits, on repositories that are made for it.

  benches/scale.py                 trees of 1k, 10k and 100k files, histories of 1k, 10k and 100k commits; writes docs/performance.md

  --million       a tree of a million files and a history of a million commits as well (20 GB of disk, and half an hour)
  --runs N        runs of each; the fastest counts (default 3)
  --keep DIR      makes the repositories there and keeps them for the next time
  --out DIR       writes there instead of docs/

Needs what benches/whole.py needs, without hyperfine.
"""

import argparse
import math
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True  # whole.py is read as a module
from whole import BUDGET, ROOT, TASK, built, machine, put, ran, seconds

WORDS = (
    "parse header retry socket buffer index commit session token budget render cache window stream record offset handler config "
    "timeout request response worker queue schema column reader writer signal vector matrix cursor folder branch author"
).split()
EXTENSIONS = ["rs", "py", "go", "ts", "md"]


class Dice:
    """Numbers without a pattern, the same everywhere and in every version of Python."""

    def __init__(self, seed):
        self.state = seed

    def below(self, most):
        self.state = (self.state * 6364136223846793005 + 1) % 2**64
        return (self.state >> 33) % most

    def word(self):
        return WORDS[self.below(len(WORDS))]


def source(dice, extension):
    """A file of 1 to 8 kB, about 3 kB in the middle."""
    out = []
    for n in range(5 + dice.below(20) + dice.below(20)):
        a, b, c = dice.word(), dice.word(), dice.word()
        if extension == "md":
            out.append(f"## The {a} of the {b}\n\nA {c} is asked {n} times before its {a} is given up.\n")
        elif extension == "py":
            out.append(f"def {a}_{b}_{n}({c}):\n    # the {a} may be later\n    return {c}.{b}({dice.below(10000)}) + {a}\n\n")
        else:
            head = {"rs": "fn", "go": "func", "ts": "function"}[extension]
            out.append(f"// the {a} may be later than its {b}\n{head} {a}_{b}_{n}({c}) {{\n    return {c}.{b}({dice.below(10000)});\n}}\n\n")
    return "".join(out).encode()


def path(at):
    """Folders of some thirty files each, and of thirty folders."""
    extension = EXTENSIONS[at % len(EXTENSIONS)]
    return f"{WORDS[at // 30 // 34 // 34 % 34]}{at // 30 // 34 // 34 // 34}/{WORDS[at // 30 // 34 % 34]}/{WORDS[at // 30 % 34]}/{WORDS[at % 30]}.{extension}"


def data(text):
    return b"data %d\n%s\n" % (len(text), text)


def stream(n_files, n_commits):
    """What `git fast-import` reads: a first commit of `n_files` files, and further ones that change one to five of them."""
    dice = Dice(n_files * 31 + n_commits)
    # what is changed becomes one of these, with a line of its own: to make each anew takes longer than to import it
    texts = {extension: [source(dice, extension) for _ in range(64)] for extension in EXTENSIONS}
    for commit in range(n_commits):
        yield b"commit refs/heads/main\ncommitter A <a@example.org> %d +0000\n" % (1_600_000_000 + commit * 600)
        yield data(f"{dice.word()}: the {dice.word()} of a {dice.word()} is not lost ({commit})".encode())
        changed = range(n_files) if commit == 0 else {dice.below(n_files) for _ in range(1 + dice.below(5))}
        for at in changed:
            name = path(at)
            extension = name.rsplit(".", 1)[1]
            text = source(dice, extension) if commit == 0 else b"# %d\n%s" % (commit, texts[extension][dice.below(64)])
            yield b"M 100644 inline %s\n" % name.encode() + data(text)


def made(folder, n_files, n_commits):
    """The repository, with a work tree; made unless it is there."""
    repo = folder / f"files-{n_files}-commits-{n_commits}"
    if (repo / ".made").exists():
        return repo
    shutil.rmtree(repo, ignore_errors=True)
    subprocess.run(["git", "init", "--quiet", "-b", "main", str(repo)], check=True)
    importer = subprocess.Popen(["git", "-C", str(repo), "fast-import", "--quiet"], stdin=subprocess.PIPE)
    for piece in stream(n_files, n_commits):
        importer.stdin.write(piece)
    importer.stdin.close()
    if importer.wait() != 0:
        sys.exit("git fast-import failed")
    subprocess.run(["git", "-C", str(repo), "reset", "--quiet", "--hard"], check=True)
    (repo / ".git/info/exclude").write_text(".made\n")
    (repo / ".made").touch()
    return repo


def measured(ctxpack, repo, runs):
    """(seconds, MB) of the fastest run without anything in the cache, and with everything in it."""
    with tempfile.TemporaryDirectory() as home:
        env = {"PATH": os.environ["PATH"], "HOME": home}
        command = [ctxpack, "-t", TASK, "-b", BUDGET, "-q"]
        cold, warm = [], []
        for kind in [cold] * runs + [warm] * runs:
            if kind is cold:
                shutil.rmtree(Path(home) / ".cache", ignore_errors=True)
            figures, why = ran(command, repo, env, 3600)
            if why:
                sys.exit(f"{repo}: {why}")
            kind.append((figures[0], figures[2]))
    return min(cold), min(warm)


def exponent(sizes, values):
    """The slope of the line through the logarithms: 1 where twice as much takes twice as long."""
    xs, ys = [math.log(size) for size in sizes], [math.log(value) for value in values]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys)) / sum((a - x) ** 2 for a in xs)


def table(what, sizes, found):
    """`found` has (cold, warm) for each size, each (seconds, MB)."""
    out = [f"| {what} | cache empty | memory | cache warm | memory |", "|--:|--:|--:|--:|--:|"]
    for size, ((cold, cold_mb), (warm, warm_mb)) in zip(sizes, found):
        out.append(f"| {size:,} | {seconds(cold)} | {cold_mb:,.0f} MB | {seconds(warm)} | {warm_mb:,.0f} MB |")
    slopes = [exponent(sizes[-2:], [row[at][figure] for row in found[-2:]]) for at in (0, 1) for figure in (0, 1)]
    out.append("| exponent, last two | " + " | ".join(f"{slope:.2f}" for slope in slopes) + " |")
    if len(sizes) > 2:
        slopes = [exponent(sizes, [row[at][figure] for row in found]) for at in (0, 1) for figure in (0, 1)]
        out.append("| exponent, all | " + " | ".join(f"{slope:.2f}" for slope in slopes) + " |")
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    args = parser.parse_args()
    ctxpack, _ = built()
    about = machine()
    sizes = [1_000, 10_000, 100_000]
    sizes += [1_000_000] * args.million
    parts = [f"Machine: {about}. The fastest of {args.runs} runs each, by `benches/scale.py{' --million' * args.million}`."]
    with tempfile.TemporaryDirectory() as temporary:
        folder = (args.keep or Path(temporary)).resolve()
        for what, sizes, repos in [
            ("files, in one commit", sizes, [(n, 1) for n in sizes]),
            ("commits, on 1,000 files", sizes, [(1_000, n) for n in sizes]),
        ]:
            found = []
            for repo in repos:
                found.append(measured(ctxpack, made(folder, *repo), args.runs))
                print(f"{repo[0]:,} files, {repo[1]:,} commits: {found[-1]}", file=sys.stderr)
                if not args.keep:
                    shutil.rmtree(folder / f"files-{repo[0]}-commits-{repo[1]}")
            parts.append(table(what, sizes, found))
    put(args.out / "performance.md", "scale", "\n\n".join(parts))


if __name__ == "__main__":
    main()
