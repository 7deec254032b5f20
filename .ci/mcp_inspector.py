"""Drives `ctxpack mcp` through the protocol's inspector on the command line: `.ci/mcp` calls it with the binary, node and the inspector.

Each request is a session of its own, as whoever looks at a server by hand makes them. The inspector reads with the SDK for JavaScript,
judges how portable the schemas of tools are (`--strict`), and says by its exit code how a call went: 0 done, 5 the tool refused, 1 no answer.
"""

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mcp_shop import SECRET, TASK, check, n_checks, shop

BINARY, NODE, INSPECTOR = (str(Path(path).resolve()) for path in sys.argv[1:4])


def inspect(repo, method, *options):
    """One request: the exit code, and the result, or the error where there is none."""
    home = repo.parent / "home"
    command = [NODE, INSPECTOR, "--cli", BINARY, "mcp", "--root", str(repo)]
    done = subprocess.run(
        [*command, "--format", "json", "--quiet", "--method", method, *options],
        env={"HOME": str(home), "PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    check(SECRET not in done.stdout + done.stderr and "this is outside" not in done.stdout + done.stderr, method, options, done)
    try:
        return done.returncode, json.loads(done.stdout)["result"] if done.stdout else json.loads(done.stderr)["error"]
    except (ValueError, KeyError):
        raise AssertionError(f"{method} {options}: {done}"[:2_000]) from None


def call(tool, **arguments):
    """A request that calls a tool."""
    return "tools/call", "--tool-name", tool, "--tool-args-json", json.dumps(arguments)


def text(result):
    return "\n".join(block["text"] for block in result["content"])


def tools(code, result):
    check(code == 0, "the schemas are not portable", code, result)
    check([tool["name"] for tool in result["tools"]] == ["pack", "read_more", "explain", "notes"], result)
    for tool in result["tools"]:
        check(tool["annotations"]["readOnlyHint"] and tool["description"], tool)
        check(tool["inputSchema"]["type"] == "object" and tool["inputSchema"]["additionalProperties"] is False, tool)


def bundle(code, result):
    check(code == 0 and not result["isError"], result)
    check("hold_the_lock" in text(result) and "[REDACTED" in text(result), text(result))
    check("Bundle b1:" in text(result) and "of 2,000 tokens" in text(result), text(result))


def bundle_as_json(code, result):
    items = result["structuredContent"]["items"]
    check(code == 0 and json.loads(result["content"][0]["text"]) == result["structuredContent"], result)
    check("src/order_7.rs" in [item["path"] for item in items] and all(item["path"].startswith("src/") for item in items), items)


def why(code, result):
    check(code == 0 and len(result["structuredContent"]["candidates"]) > 10, result)


def notes(code, result):
    noted = result["structuredContent"]["notes"]
    check(code == 0 and len(noted) == 1 and "the lock of orders hangs" in text(result) and "Quince" not in text(result), result)


def resources(code, result):
    listed = {resource["uri"]: resource["name"] for resource in result["resources"]}
    check(code == 0 and {"ctxpack://notes/docs/NOTES.md", "ctxpack://notes/AGENTS.md"} <= set(listed), listed)
    check(not any("link.md" in uri for uri in listed), listed)


def note(code, result):
    check(code == 0 and "Quince" in result["contents"][0]["text"], result)


def unreadable(code, error):
    check(code == 1 and error["message"] == "no note of that name", code, error)


def unknown(code, error):
    check(code == 5 and error["code"] == "tool_not_found", code, error)


def refused(*words):
    """A call that cannot be done is a result that says why."""

    def of(code, result):
        check(code == 5 and result["isError"], "was not refused:", code, result)
        check(all(word in text(result) for word in words), words, text(result))

    return of


CASES = [
    (("tools/list", "--strict"), tools),
    (("tools/list", "--strict", "--protocol-era", "modern"), tools),
    (call("pack", task=TASK, budget=2000), bundle),
    (call("pack", task=TASK, budget=2000, format="json", include=["src/**"], pins=["src/order_7.rs"]), bundle_as_json),
    (call("explain", task=TASK, path="src"), why),
    (call("notes", **{"class": "gotcha", "path": "docs/NOTES.md"}), notes),
    (("resources/list",), resources),
    (("resources/read", "--uri", "ctxpack://notes/docs/NOTES.md"), note),
    (("resources/read", "--uri", "ctxpack://notes/../../outside.md"), unreadable),
    (("resources/read", "--uri", "file:///etc/passwd"), unreadable),
    (call("pack", task=TASK, budget=10**9), refused("budget", "24000")),
    (call("pack", task=TASK, pins=["../outside.md"]), refused("pins: ", "root")),
    (call("explain", task=TASK, path="/etc/passwd"), refused("path: ", "root")),
    (call("pack", task=TASK, root="/"), refused("root")),
    (call("pack"), refused("task")),
    (call("remember", text="we use pnpm"), unknown),
]

with tempfile.TemporaryDirectory() as folder:
    repo = shop(Path(folder).resolve())
    # most of each is the start of two programs
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        said = pool.map(lambda case: inspect(repo, *case[0]), CASES)
        for (request, is_right), (code, result) in zip(CASES, said):
            try:
                is_right(code, result)
            except (AssertionError, KeyError, IndexError) as error:
                raise AssertionError(f"{request}: {error!r}: {result}"[:2_000]) from None
print(f"  {n_checks()} checks of ctxpack mcp by the inspector passed")
