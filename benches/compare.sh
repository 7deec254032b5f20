#!/usr/bin/env bash
# Recall of ctxpack beside its baselines over a folder of clones: one table, one row a repository.
#
#   benches/compare.sh DIR                    the newest commits of every repository below DIR
#   benches/compare.sh DIR CASES.jsonl        the cases of a file; their `mirror` is a folder below DIR
#   benches/compare.sh DIR -- --no-task       more flags for `ctxpack eval`: here, the inferred task
#
# DIR holds clones at DIR/NAME, DIR/NAME/repo or DIR/OWNER/NAME, bare or not; nothing is written there. To make one:
#   git clone --bare https://github.com/BurntSushi/ripgrep DIR/ripgrep
# A case is a JSON object on a line of its own: `ctxpack eval --help` names its keys.
#
# Environment: CTXPACK (the binary; default: cargo's release build), N (most cases a repository, or of the file; default 100, or
# all of the file), BUDGETS (default 8k,27k). Needs python3 for the table. Each row: files / sites found, in percent, by ctxpack and by each baseline.
set -euo pipefail

usage='usage: benches/compare.sh DIR [CASES.jsonl] [-- FLAGS OF EVAL]'
dir=${1:?$usage}
if [ ! -d "$dir" ]; then
    echo "$dir: no such folder; $usage" >&2
    exit 2
fi
shift
cases=
if [ $# -gt 0 ] && [ "$1" != -- ]; then
    cases=$1
    shift
fi
if [ $# -gt 0 ] && [ "$1" != -- ]; then
    echo "$1: not expected here; $usage" >&2
    exit 2
fi
if [ -n "$cases" ] && [ ! -f "$cases" ]; then
    echo "$cases: no such file; $usage" >&2
    exit 2
fi
if [ "${1:-}" = -- ]; then shift; fi
cd_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ -z "${CTXPACK:-}" ]; then
    (cd "$cd_root" && cargo build --release --quiet)
    CTXPACK=${CARGO_TARGET_DIR:-$cd_root/target}/release/ctxpack
fi
flags=(--json -q --each ${N:+-n "$N"} -b "${BUDGETS:-8k,27k}" "$@")

# One `ctxpack eval` as JSON on one line. What it says of an error or a warning stands on stderr, and there is no line then.
evaluate() {
    local name=$1 found
    shift
    if ! found=$("$CTXPACK" eval "$@" "${flags[@]}"); then
        echo "  left out: $name" >&2
        return 1
    fi
    python3 -c 'import json, sys; whole = json.load(sys.stdin); whole["of"] = sys.argv[1]; print(json.dumps(whole))' \
        "$name" <<<"$found"
}

run() {
    if [ -n "$cases" ]; then
        evaluate "$cases" "$cd_root" --cases "$cases" --clones "$dir" || true
        return
    fi
    local repo
    for repo in "$dir"/* "$dir"/*/*; do
        # a bare clone, or one with a work tree; not what lies inside of either
        [ -e "$repo/.git" ] || [ -f "$repo/HEAD" ] || continue
        [ ! -e "${repo%/*}/.git" ] && [ ! -f "${repo%/*}/HEAD" ] || continue
        echo "${repo#"$dir"/}" >&2
        evaluate "${repo#"$dir"/}" "$repo" || true
    done
}

run | python3 -c '
import json, sys

rows = {}  # repository -> cases, each a dict of (budget, packer) -> (files, sites)
order = []
for line in sys.stdin:
    whole = json.loads(line)
    for case in whole["cases"]:
        found = {}
        for recall in case["recalls"]:
            key = (recall["budget"], recall["packer"])
            found[key] = (recall["files"], recall["sites"])
            if key not in order:
                order.append(key)
        rows.setdefault(case["repo"] or whole["of"], []).append(found)
if not rows:
    sys.exit("nothing was replayed")

def cells(cases):
    out = []
    for key in order:
        files, sites = (100 * sum(case[key][i] for case in cases) / len(cases) for i in (0, 1))
        out.append(f"{files:.0f}/{sites:.0f}")
    return out

widest = max(len(name) for name in rows) + 2
heads = [(f"{budget:,}", packer.split(",")[0]) for budget, packer in order]
width = max(max(len(packer), len(budget)) for budget, packer in heads) + 2
for at in (0, 1):
    print(" " * (widest + 5) + "".join(head[at].rjust(width) for head in heads))
for name in sorted(rows):
    print(name.ljust(widest) + f"{len(rows[name]):5}" + "".join(cell.rjust(width) for cell in cells(rows[name])))
every = [case for cases in rows.values() for case in cases]
print("all cases".ljust(widest) + f"{len(every):5}" + "".join(cell.rjust(width) for cell in cells(every)))
'
