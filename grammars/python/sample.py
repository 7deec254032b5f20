"""Reads rain gauges."""
from __future__ import annotations

import csv, os
from pathlib import (
    Path,
)

DEFAULT_UNIT = "mm"
LIMITS: dict[str, float] = {
    "low": 0.5,
    "high": 40.0,
}
first, second = 1, 2

try:
    import numpy as np
    HAVE_NUMPY = True
except ImportError:
    np = None


class GaugeError(ValueError):
    pass


# A gauge at one place.
@dataclass(frozen=True)
@total_ordering
class Gauge(Base, metaclass=Registry):
    """A gauge."""

    name: str
    unit: str = DEFAULT_UNIT

    class Meta:
        ordering = ["name"]

    def __init__(self, name, *,
                 unit=DEFAULT_UNIT):
        # The name is kept as given.
        self.name = name

    @property
    def label(self) -> str:
        return f"{self.name} ({self.unit})"

    @classmethod
    async def load(
        cls,
        path: Path,
    ) -> list[Gauge]:
        def parse(row):
            return cls(row["name"])

        with open(path) as file:
            return [parse(row) for row in csv.DictReader(file)]


@contextmanager
def opened(path):
    # One reader at a time.
    lock = acquire(path)
    try:
        yield lock
    except GaugeError as error:
        raise RuntimeError(error)


type Reading = tuple[str, float]

double = lambda x: x * 2


def test_label():
    assert Gauge("roof").label == "roof (mm)"


if __name__ == "__main__":
    print(os.getcwd())
