"""What the clients of `ctxpack mcp` share, .ci/mcp_client.py and .ci/mcp_inspector.py: the repository that they ask about, and how they check."""

import itertools

TASK = "why does hold_the_lock give the orders up"
SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" * 2


def shop(folder):
    """A repository with notes, a link that leads out of it, and more code than one bundle takes."""
    repo = folder / "repo"
    files = {
        "src/lock.rs": f'pub fn hold_the_lock() {{ give_the_orders_up("{SECRET}") }}\n',
        "docs/NOTES.md": "# Locks\n\n- 2026-08-01 (decision): we hold_the_lock by Quince\n"
        "- 2026-08-02 (gotcha): the lock of orders hangs\n",
        "AGENTS.md": "- hold_the_lock before orders\n",
    }
    for n in range(40):
        files[f"src/order_{n}.rs"] = f"pub fn order_{n}() {{\n" + "    hold_the_lock();\n" * 60 + "}\n"
    for path, text in files.items():
        (repo / path).parent.mkdir(parents=True, exist_ok=True)
        (repo / path).write_text(text)
    (repo / ".git").mkdir()
    (folder / "home").mkdir()
    (folder / "outside.md").write_text("hold_the_lock: this is outside\n")
    (repo / "link.md").symlink_to(folder / "outside.md")
    return repo


_checks = itertools.count()


def check(is_so, *said):
    """Ends the run, with what was `said`, where it is not so. From any thread."""
    next(_checks)
    if not is_so:
        raise AssertionError(" ".join(str(it) for it in said)[:2_000])


def n_checks():
    """How many there were; asked once, at the end."""
    return next(_checks)
