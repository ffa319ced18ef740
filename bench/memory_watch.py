"""The memory of a running process without pages of files, which the system could take back."""

import pathlib
import re
import threading


def status(process, field):
    """A field of /proc/PROCESS/status in bytes; 0 when the process is gone."""
    try:
        text = pathlib.Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    found = re.search(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


class AnonymousPeak:
    """The largest anonymous resident set of a process so far, found by looking every 20 ms."""

    def __init__(self, process):
        self.process, self.bytes = process, 0
        self.stopped = threading.Event()
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        while not self.stopped.wait(0.02):
            self.bytes = max(self.bytes, status(self.process, "RssAnon"))

    def stop(self):
        self.stopped.set()
        return self.bytes
