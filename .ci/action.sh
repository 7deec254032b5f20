#!/usr/bin/env bash
# What action.yml runs: `check`, which says how it went in $GITHUB_OUTPUT and by its exit code, and `comment`, which keeps one comment on a
# pull request. Everything comes in by variables.
set -euo pipefail

# The ctxpack to use: the one that is named, or this version, built where the cache did not have it.
find_ctxpack() {
    ctxpack="${INPUT_BINARY:-}"
    if [ -z "$ctxpack" ]; then
        ctxpack="$RUNNER_TEMP/ctxpack/bin/ctxpack"
        if ! [ -x "$ctxpack" ]; then
            cargo install --quiet --locked --path "$ACTION_PATH" --root "$RUNNER_TEMP/ctxpack" --target-dir "$RUNNER_TEMP/ctxpack-build"
        fi
    fi
}

# Runs one command with its options: told to GitHub, and kept as JSON and Markdown. Exit code 2 ends the job at once.
run() {
    local command="$1" code=0
    shift
    "$ctxpack" "$command" --format github "$@" || code=$?
    if [ "$code" -gt 1 ]; then exit "$code"; fi
    if [ "$code" -ne 0 ]; then status=failed; fi
    local report="$RUNNER_TEMP/ctxpack-$command"
    reports+=("$report.json")
    "$ctxpack" "$command" --quiet --format json --output "$report.json" "$@" || true
    "$ctxpack" "$command" --quiet --format markdown --output "$report.md" "$@" || true
    cat "$report.md" >>"$markdown"
}

# Whether the revision to compare with is in this clone.
is_here() {
    git rev-parse --quiet --verify --end-of-options "$INPUT_AGAINST^{commit}" >/dev/null
}

check() {
    find_ctxpack
    status=passed
    reports=()
    markdown="$RUNNER_TEMP/ctxpack.md"
    : >"$markdown"
    local args=(--why)
    if [ -n "${INPUT_BUDGET:-}" ]; then args+=(--budget "$INPUT_BUDGET"); fi
    if [ -n "${INPUT_FOR:-}" ]; then args+=(--for "$INPUT_FOR"); fi
    if [ -n "${INPUT_MAX_GROWTH:-}" ]; then args+=(--max-growth "$INPUT_MAX_GROWTH"); fi
    if [ -n "${INPUT_AGAINST:-}" ]; then
        # a checkout of one commit does not have it; a name that begins like an option is a name
        if [ "$INPUT_AGAINST" != ctxpack.lock ] && ! is_here; then
            if ! git fetch --quiet --no-tags --depth=1 --end-of-options origin "$INPUT_AGAINST"; then
                echo "::error title=ctxpack::against: neither this checkout nor origin has a revision of that name"
                exit 2
            fi
            if ! is_here; then INPUT_AGAINST=FETCH_HEAD; fi
        fi
        args+=("--against=$INPUT_AGAINST")
    fi
    if [ -n "${INPUT_PATHS:-}" ]; then
        args+=(--)
        while IFS= read -r path; do
            if [ -n "$path" ]; then args+=("$path"); fi
        done <<<"$INPUT_PATHS"
    fi
    run check "${args[@]}"
    case "${INPUT_BUNDLES:-auto}" in
        true) run bundle --check ;;
        auto) if git grep --quiet --cached '^bundle ' -- ':/ctxpack.lock' 2>/dev/null; then run bundle --check; fi ;;
    esac
    {
        echo "status=$status"
        echo "report=$RUNNER_TEMP/ctxpack-check.json"
        echo "markdown=$markdown"
        # findings of both commands; sizes are those of check
        jq --slurp --raw-output '
            "errors=\([.[].findings[] | select(.level == "error")] | length)",
            "warnings=\([.[].findings[] | select(.level == "warning")] | length)",
            "tokens=\([.[0].checks[].tokens] | add // 0)",
            "delta=\([.[0].checks[] | select(.base) | .tokens - .base] | add // "")"
        ' "${reports[@]}"
    } >>"$GITHUB_OUTPUT"
    [ "$status" = passed ]
}

# Keeps one comment on the pull request: the first that begins as the report does is written anew. Where the token may not, as in a pull request
# from a fork, the summary of the job has to do.
comment() {
    [ -s "${MARKDOWN:-}" ] || exit 0
    local marker comments id
    marker="$(head -n 1 "$MARKDOWN")"
    comments="repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments"
    id="$(gh api --paginate "$comments?per_page=100" --jq '.[] | select(.user.type == "Bot") | "\(.id) \(.body | split("\n")[0])"' |
        tr -d '\r' | awk -v marker="$marker" '{ id = $1; sub(/^[0-9]+ /, "") } $0 == marker && !seen++ { print id }')" || id=
    if [ -n "$id" ]; then
        gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" --field body=@"$MARKDOWN"
    else
        gh api --silent --method POST "$comments" --field body=@"$MARKDOWN"
    fi || echo "::notice title=ctxpack::no comment was written: the token may not. The summary of the job has the report"
}

case "${1:-}" in
    check | comment) "$1" ;;
    *)
        echo "action.sh check | comment" >&2
        exit 2
        ;;
esac
