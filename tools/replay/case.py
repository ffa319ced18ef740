"""What one case of a replay is: files to put into an empty folder, and steps to take there."""

from dataclasses import dataclass, field
from typing import Union


@dataclass(frozen=True)
class Run:
    """Runs a command to its end. `label` names it in paths of differences; without one its first words do."""

    argv: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    label: str = ""


@dataclass(frozen=True)
class Kill:
    """Starts a command and kills it as soon as the file that `watched` matches has `lines` lines."""

    argv: tuple[str, ...]
    watched: str
    lines: int


@dataclass(frozen=True)
class CutJournal:
    """Leaves the first half of the lines of a journal, and a broken one: what a kill at that moment leaves."""

    pattern: str


@dataclass(frozen=True)
class Transcript:
    """Runs the commands of one of the transcripts of tests/cli."""

    path: str


Step = Union[Run, Kill, CutJournal, Transcript]


@dataclass(frozen=True)
class Case:
    """`drop` names keys of JSON results that are a matter of chance in this case, such as how much a kill left."""

    group: str
    name: str
    steps: tuple[Step, ...]
    files: dict[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return f"{self.group}/{self.name}"
