"""Finds where two records differ, and which of the differences are intended."""

import fnmatch
import tomllib
from dataclasses import dataclass
from pathlib import Path

CHANGES = ("added", "removed", "changed")


@dataclass(frozen=True)
class Difference:
    path: str
    change: str
    old: object = None
    new: object = None

    def __str__(self) -> str:
        if self.change == "changed":
            return f"{self.path}: {short(self.old)} became {short(self.new)}"
        return f"{self.path}: {self.change}, {short(self.new if self.change == 'added' else self.old)}"


def short(value) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 160 else text[:150] + " ..."


def names_of(items) -> dict | None:
    """The items of a list by their names, where all have one of their own: a new entry then moves no other."""
    if not items or not all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in items):
        return None
    named = {item["name"]: item for item in items}
    return named if len(named) == len(items) else None


def differences(old, new, path: str = ""):
    """Yields them in the order of the records. The order of keys counts, as they are written in it."""
    if isinstance(old, list) and isinstance(new, list) and names_of(old) and names_of(new):
        old, new = names_of(old), names_of(new)
    if isinstance(old, dict) and isinstance(new, dict):
        yield from in_mapping(old, new, path)
    elif isinstance(old, list) and isinstance(new, list):
        yield from in_list(old, new, path)
    elif type(old) is not type(new) or repr(old) != repr(new):  # repr: NaN is itself, and -0.0 is not 0.0
        yield Difference(path, "changed", old, new)


def in_mapping(old, new, path):
    for key, value in old.items():
        if key in new:
            yield from differences(value, new[key], f"{path}/{key}")
        else:
            yield Difference(f"{path}/{key}", "removed", old=value)
    for key, value in new.items():
        if key not in old:
            yield Difference(f"{path}/{key}", "added", new=value)
    kept, found = [key for key in old if key in new], [key for key in new if key in old]
    if kept != found:
        yield Difference(f"{path}/(order)", "changed", kept, found)


def in_list(old, new, path):
    for place, (before, after) in enumerate(zip(old, new)):
        yield from differences(before, after, f"{path}/{place}")
    for place in range(len(new), len(old)):
        yield Difference(f"{path}/{place}", "removed", old=old[place])
    for place in range(len(old), len(new)):
        yield Difference(f"{path}/{place}", "added", new=new[place])


@dataclass
class Allowed:
    """Differences that are intended. `case` and `path` are patterns with * for anything."""

    case: str
    path: str
    change: str
    reason: str
    used: int = 0

    def covers(self, title: str, difference: Difference) -> bool:
        return (
            difference.change == self.change
            and fnmatch.fnmatchcase(title, self.case)
            and fnmatch.fnmatchcase(difference.path, self.path)
        )


def read_allowed(path: Path) -> list[Allowed]:
    """Raises ValueError that names what is wrong with the file."""
    entries = []
    for number, entry in enumerate(tomllib.loads(path.read_text()).get("allowed", []), 1):
        if set(entry) != {"case", "path", "change", "reason"} or not all(
            isinstance(v, str) and v for v in entry.values()
        ):
            raise ValueError(
                f"{path}: entry {number}: 'case', 'path', 'change' and 'reason' are needed, and nothing else"
            )
        if entry["change"] not in CHANGES:
            raise ValueError(
                f"{path}: entry {number}: 'change' is one of {', '.join(CHANGES)}, not '{entry['change']}'"
            )
        entries.append(Allowed(**entry))
    return entries


def judge(title: str, old: dict, new: dict, allowed: list[Allowed]) -> tuple[list[Difference], int]:
    """The differences that nothing allows, and the number of those that something does."""
    moved, intended = [], 0
    for difference in differences(old, new):
        entry = next((entry for entry in allowed if entry.covers(title, difference)), None)
        if entry:
            entry.used += 1
            intended += 1
        else:
            moved.append(difference)
    return moved, intended
