#!/usr/bin/env python3
"""How long whole runs take: ctxpack, the least that its work can take, git, and other packers, on repositories of yours.

  benches/whole.py [NAME=]REPO...      measures, and writes docs/performance.md and docs/performance.svg

  --runs N        rounds; each runs every command once, so that a busy moment is shared by all (default 7)
  --limit S       a command that takes longer than S seconds is left out (default 120)
  --task TEXT     what is packed for
  --out DIR       writes there instead of docs/

Each REPO, bare or not, is cloned to a temporary folder first; nothing is written to it. Needs git, cargo (or the environment's
CTXPACK and FLOOR, the two programs) and Python 3.9; hyperfine, where it is installed, does the timing. Other packers are measured
where they are on the PATH:

  npm install repomix; cargo install --locked yek code2prompt; pip install files-to-prompt aider-chat
"""

import argparse
import json
import math
import os
import platform
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TASK = "a request that times out while its header is read is retried with the same buffer"
BUDGET = "32k"
# Seconds that a command may take in all; slow ones run in fewer rounds, but in two at least.
SHARE = 90.0


def built():
    """The paths of ctxpack and of benches/floor.rs, as a release has them."""
    if "CTXPACK" in os.environ and "FLOOR" in os.environ:
        return os.path.abspath(os.environ["CTXPACK"]), os.path.abspath(os.environ["FLOOR"])
    build = ["cargo", "build", "--release", "--bin", "ctxpack", "--bench", "floor", "--message-format", "json"]
    said = subprocess.run(build, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    paths = {}
    for line in said.splitlines():
        message = json.loads(line)
        if message.get("executable"):
            paths[message["target"]["name"]] = message["executable"]
    return paths["ctxpack"], paths["floor"]


def machine():
    """What the numbers are of, in one sentence."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", info.read_text()) if info.exists() else None
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    model = found.group(1) if found else model
    return f"{model}, {cores} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}, load {load:.1f} before the first run"


def ran(command, cwd, env, limit):
    """Runs a command once: seconds, seconds of all cores, peak memory in MB. None where it fails or takes too long."""
    since = time.perf_counter()
    with tempfile.TemporaryFile() as stderr:
        process = subprocess.Popen(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True
        )
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            took = time.perf_counter() - since
            if pid:
                break
            if took > limit:
                os.killpg(process.pid, 9)
                os.wait4(process.pid, 0)
                return None, f"not done after {limit:.0f} s"
            time.sleep(min(0.0005 + took / 200, 0.1))
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            stderr.seek(0)
            lines = stderr.read().decode(errors="replace").strip().splitlines()
            return None, f"failed: {lines[-1] if lines else process.returncode}"
    peak = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return (took, usage.ru_utime + usage.ru_stime, peak), None


def timed(command, prepare, cwd, env, limit):
    """Seconds, and seconds of all cores, of one run more, by hyperfine where there is one."""
    for path in prepare:
        shutil.rmtree(path, ignore_errors=True)
    if not shutil.which("hyperfine"):
        figures, why = ran(command, cwd, env, limit * 2)
        if why:
            sys.exit(f"{shlex.join(command)}: {why}, after a run that was well")
        return figures[:2]
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        hyperfine = ["hyperfine", "-N", "--runs", "1", "--style", "none", "--export-json", out.name, shlex.join(command)]
        done = subprocess.run(hyperfine, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"{shlex.join(command)}: {done.stderr}")
        result = json.load(open(out.name))["results"][0]
    return result["times"][0], result["user"] + result["system"]


class Row:
    """A command, and what its runs took."""

    def __init__(self, name, kind, command, env=None, prepare=()):
        self.name, self.kind, self.command = name, kind, command
        self.env, self.prepare = env or {}, prepare
        self.times, self.cpu, self.peak, self.why = [], [], 0.0, None


def rows(ctxpack, floor, caches, task):
    """What is measured, in the order of the table."""
    pack = [ctxpack, "-t", task, "-b", BUDGET, "-q"]
    empty, warm = caches / "empty", caches / "warm"
    own = [
        Row("ctxpack, without a cache", "own", [*pack, "--no-cache"]),
        Row("ctxpack, the cache empty", "own", pack, {"XDG_CACHE_HOME": str(empty)}, [empty]),
        Row("ctxpack, the cache warm", "own", pack, {"XDG_CACHE_HOME": str(warm)}),
        Row("floor: look at each file", "floor", [floor, "stat", "."]),
        Row("floor: read and count words", "floor", [floor, "read", "."]),
        Row("git status", "git", ["git", "status", "--short"]),
    ]
    aider = "--show-repo-map --map-tokens 1024 --model gpt-4o --no-check-update --no-show-model-warnings --no-analytics"
    aider += " --no-gitignore --yes-always --no-pretty --no-show-release-notes"
    peers = [
        Row("repomix: everything", "peer", ["repomix", "--stdout", "--quiet"]),
        Row(f"yek: {BUDGET} tokens", "peer", ["yek", "--tokens", BUDGET, "."]),
        Row("code2prompt: everything", "peer", ["code2prompt", ".", "-q", "-O", "-"]),
        Row("files-to-prompt: everything", "peer", ["files-to-prompt", ".", "-c"]),
        Row("aider: a map of 1k tokens", "peer", ["aider", *aider.split()]),
    ]
    return own + peers


def measured(name, source, args, programs, work):
    """The rows of one repository, measured; and what it is."""
    repo = work / "repo"
    clone = ["git", "clone", "--quiet", "--shared", source, str(repo)]
    subprocess.run(clone, check=True)
    git = lambda *more: subprocess.run(["git", "-C", str(repo), *more], stdout=subprocess.PIPE, check=True, text=True).stdout
    n_files, n_commits = len(git("ls-files", "-z").split("\0")) - 1, int(git("rev-list", "--count", "HEAD"))
    what = f"{name} at {git('rev-parse', '--short=8', 'HEAD').strip()}: {n_files:,} files, {n_commits:,} commits"
    print(what, file=sys.stderr)
    # an index as old as its files is not believed, by git or by anyone
    time.sleep(2.1)
    git("status")
    home = work / "home"
    home.mkdir()
    everyone = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "CTXPACK", "GIT_"))}
    everyone["HOME"] = str(home)
    every = rows(*programs, work / "caches", args.task)
    for row in every:
        row.command[0], program = shutil.which(row.command[0]) or "", row.command[0]
        if not row.command[0]:
            row.why = f"no {program} here"
            continue
        row.env = {**everyone, **row.env}
        for path in row.prepare:
            shutil.rmtree(path, ignore_errors=True)
        figures, row.why = ran(row.command, repo, row.env, args.limit)
        if figures and "XDG_CACHE_HOME" in row.env and not row.prepare:
            figures, row.why = ran(row.command, repo, row.env, args.limit)  # the first filled the cache
        if figures:
            took, _, row.peak = figures
            row.rounds = max(2, min(args.runs, int(SHARE / took)))
        print(f"  {row.name}: {row.why or f'{took:.3f} s'}", file=sys.stderr)
    for turn in range(args.runs):
        for row in every:
            if not row.why and turn < row.rounds:
                seconds, cpu = timed(row.command, row.prepare, repo, row.env, args.limit)
                row.times.append(seconds)
                row.cpu.append(cpu)
    return what, every


def seconds(value):
    return f"{value:.1f} s" if value >= 10 else f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"


def table(what, every):
    """One repository as Markdown."""
    out = [f"**{what}**", "", "| | median | fastest to slowest | all cores | peak memory |", "|---|--:|--:|--:|--:|"]
    for row in every:
        if not row.why:
            spread = f"{seconds(min(row.times))} to {seconds(max(row.times))}"
            cells = [row.name, seconds(statistics.median(row.times)), spread, seconds(statistics.median(row.cpu)), f"{row.peak:,.0f} MB"]
            out.append("| " + " | ".join(cells) + " |")
    missing = [f"{row.name.split(':')[0]} ({row.why})" for row in every if row.why]
    if missing:
        out += ["", "Not measured: " + ", ".join(missing) + "."]
    return "\n".join(out)


# As src/cli/svg.rs draws: plain classes, since few renderers but browsers know variables.
STYLE = """
    text { font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #57606a; }
    .page { fill: #ffffff; }
    .title { font-size: 19px; font-weight: 600; fill: #1f2328; }
    .strong { font-weight: 600; fill: #1f2328; }
    .grid { stroke: #d8dee4; stroke-width: 1; }
    .own { fill: #1a7f37; }
    .floor { fill: #afb8c1; }
    .git { fill: #6e7781; }
    .peer { fill: #bc4c00; }
    @media (prefers-color-scheme: dark) {
      text { fill: #9198a1; }
      .page { fill: #0d1117; }
      .title, .strong { fill: #f0f6fc; }
      .grid { stroke: #262c36; }
      .own { fill: #3fb950; }
      .floor { fill: #3d444d; }
      .git { fill: #848d97; }
      .peer { fill: #f0883e; }
    }
"""
WIDTH, LEFT, RIGHT, STEP = 760, 222, 672, 22


def svg(panels):
    """Bars on a logarithmic axis, a panel a repository."""
    values = [statistics.median(row.times) for _, every in panels for row in every if not row.why]
    # a bar begins a whole step of the axis below the shortest
    decades = [10**n for n in range(-5, 5)]
    low = max(d for d in decades if d * 2 <= min(values))
    high = min(d for d in decades if d >= max(values))
    x = lambda value: LEFT + (RIGHT - LEFT) * math.log(value / low) / math.log(high / low)
    out, y = [], 92

    def text(at, height, words, kind="", anchor="start"):
        words = words.replace("&", "&amp;").replace("<", "&lt;")
        out.append(f'<text class="{kind}" x="{at:.1f}" y="{height:.1f}" text-anchor="{anchor}">{words}</text>')

    for what, every in panels:
        shown = [row for row in every if not row.why]
        text(28, y, what, "strong")
        y += 14
        for decade in (d for d in decades if low <= d <= high):
            bottom = y + STEP * len(shown)
            out.append(f'<line class="grid" x1="{x(decade):.1f}" y1="{y}" x2="{x(decade):.1f}" y2="{bottom}"/>')
            label = f"{decade:g} s" if decade >= 1 else f"{decade * 1000:g} ms"
            text(x(decade), bottom + 16, label, "", "middle")
        for row in shown:
            value = statistics.median(row.times)
            text(LEFT - 10, y + 15, row.name, "strong" if row.kind == "own" else "", "end")
            out.append(f'<rect class="{row.kind}" x="{LEFT}" y="{y + 4}" width="{x(value) - LEFT:.1f}" height="{STEP - 8}" rx="2"/>')
            text(x(value) + 7, y + 15, seconds(value), "strong" if row.kind == "own" else "")
            y += STEP
        y += 56
    height = y - 24
    title = "A whole run, in seconds"
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
        f"<title>{title}</title>\n<style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}" rx="8"/>',
        f'<text class="title" x="28" y="38">{title}</text>',
        '<text x="28" y="60">Medians; each line is ten times the one before. Shorter is faster.</text>',
    ]
    return "\n".join([*head, *out, "</svg>\n"])


def put(path, part, text):
    """Writes `text` between the marks of `part` in a page, and nothing else of it."""
    page = path.read_text()
    begin, end = f"<!-- {part} -->\n", f"<!-- /{part} -->"
    before, rest = page.split(begin, 1)
    _, after = rest.split(end, 1)
    path.write_text(f"{before}{begin}{text}\n{end}{after}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repos", nargs="+", metavar="[NAME=]REPO")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--limit", type=float, default=120)
    parser.add_argument("--task", default=TASK)
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    args = parser.parse_args()
    programs = built()
    about = machine()
    panels, tables = [], []
    for repo in args.repos:
        name, _, path = repo.rpartition("=")
        if not Path(path).is_dir():
            sys.exit(f"{path}: no such folder")
        with tempfile.TemporaryDirectory() as work:
            name = name or Path(path).resolve().name
            panel = measured(name, os.path.abspath(path), args, programs, Path(work))
        panels.append(panel)
        tables.append(table(*panel))
    tool = "hyperfine" if shutil.which("hyperfine") else "the script's own clock"
    names = " ".join(repo.rpartition("=")[0] or Path(repo).resolve().name for repo in args.repos)
    flags = f"--runs {args.runs} --limit {args.limit:g}"
    said = f"Machine: {about}. Timed by {tool}, {args.runs} rounds, with `benches/whole.py {flags} {names}`.\n\n"
    put(args.out / "performance.md", "whole", said + "\n\n".join(tables))
    (args.out / "performance.svg").write_text(svg(panels))


if __name__ == "__main__":
    main()
