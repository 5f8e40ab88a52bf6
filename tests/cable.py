"""A cable between two namespaces of the network, which delays and loses what it carries.

`python cable.py NAME NAME DELAY JITTER LOSS SEED`, with seconds and a share. Each namespace has an end of it as `eth0`;
it needs the kernel's TUN/TAP alone, not its netem. It says `ready`, answers each line with what it has carried as JSON,
and ends with its input. Frames are lost by a draw of the seed, and overtake each other as their delays are.
"""

import fcntl
import heapq
import json
import os
import random
import select
import struct
import subprocess
import sys
import time

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
# More than an end reads at once.
FRAME_MAX = 1 << 16


def end(name, interface):
    """The file of one end, which is in that namespace."""
    file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(file, TUNSETIFF, struct.pack("16sH22x", interface.encode(), IFF_TAP | IFF_NO_PI))
    subprocess.run(["ip", "link", "set", interface, "netns", name, "name", "eth0"], check=True)
    return file


class Cable:
    """Two ends, what is on its way between them, and what was."""

    def __init__(self, ends, delay, jitter, loss, seed):
        self.others = dict(zip(ends, reversed(ends), strict=True))
        self.delay, self.jitter, self.loss = delay, jitter, loss
        self.chance = random.Random(seed)
        self.under_way = []
        self.told = {"frames": 0, "bytes": 0, "lost": 0, "cut": 0, "delay": 0.0}

    def take(self, end):
        """Take all frames that were put in at an end."""
        while True:
            try:
                frame = os.read(end, FRAME_MAX)
            except OSError:
                # There is none, or the end is down.
                return
            self.told["frames"] += 1
            self.told["bytes"] += len(frame)
            if self.chance.random() < self.loss:
                self.told["lost"] += 1
                continue
            delay = self.delay + self.jitter * self.chance.uniform(-1, 1)
            # What is due at one time goes in the order in which it came.
            place = time.monotonic() + delay, self.told["frames"]
            self.told["delay"] += delay
            heapq.heappush(self.under_way, (*place, self.others[end], frame))

    def give(self):
        """Give what is due to the other end. Returns in how many seconds the next frame is, None without one."""
        while self.under_way:
            due, _, end, frame = self.under_way[0]
            if (left := due - time.monotonic()) > 0:
                return left
            heapq.heappop(self.under_way)
            try:
                os.write(end, frame)
            except OSError:
                # The end is down, or full.
                self.told["cut"] += 1
        return None


def main(first, second, *numbers):
    interfaces = [f"phc{os.getpid()}{side}" for side in "ab"]
    ends = [end(name, interface) for name, interface in zip((first, second), interfaces, strict=True)]
    cable = Cable(ends, *map(float, numbers))
    print("ready", flush=True)
    # A selector waits by milliseconds, and longer than it must.
    while True:
        ready, _, _ = select.select([*ends, sys.stdin.fileno()], [], [], cable.give())
        for file in ready:
            if file in ends:
                cable.take(file)
            elif os.read(file, 1 << 10):
                print(json.dumps(cable.told), flush=True)
            else:
                return


if __name__ == "__main__":
    main(*sys.argv[1:])
