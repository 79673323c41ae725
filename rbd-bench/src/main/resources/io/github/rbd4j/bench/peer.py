"""The Python peer of the benchmarks: the same workloads and the same talk as in peer.c, on python3-rbd."""

import json
import sys
import threading
import time

import rados
import rbd


class Randomness:
    def __init__(self):
        self.state = 0x9E3779B97F4A7C15

    def next(self):
        state = self.state
        state ^= (state << 13) & 0xFFFFFFFFFFFFFFFF
        state ^= state >> 7
        state ^= (state << 17) & 0xFFFFFFFFFFFFFFFF
        self.state = state
        return state >> 33


def reads(image, size, span):
    size = int(size)
    blocks = (int(span) or image.size()) // size
    randomness = Randomness()

    def run(end):
        operations = 0
        while operations == 0 or time.monotonic() < end:
            if len(image.read(randomness.next() % blocks * size, size)) != size:
                sys.exit("a short read")
            operations += 1
        return operations

    return run


def queue(image, size, depth, pattern, writing):
    size = int(size)
    depth = int(depth)
    blocks = image.size() // size
    randomness = Randomness()
    available = threading.Semaphore(depth)
    data = b"\1" * size
    position = -1
    expected = 0 if writing else size
    wrong = []

    def completed(completion, _=None):
        result = completion.get_return_value()
        if result != expected:
            wrong.append(result)
        available.release()

    def run(end):
        nonlocal position
        operations = 0
        while operations == 0 or time.monotonic() < end:
            available.acquire()
            position += 1
            block = position if pattern == "seq" else randomness.next()
            offset = block % blocks * size
            if writing:
                image.aio_write(data, offset, completed)
            else:
                image.aio_read(offset, size, completed)
            operations += 1
        for _ in range(depth):
            available.acquire()
        available.release(depth)
        if wrong:
            sys.exit(f"a result is {wrong[0]}")
        return operations

    return run


def open_close(io, name):
    def run(end):
        operations = 0
        while operations == 0 or time.monotonic() < end:
            rbd.Image(io, name).close()
            operations += 1
        return operations

    return run


def take_turns(work):
    print("ready", flush=True)
    for line in sys.stdin:
        milliseconds = int(line.split()[1])
        processor = time.process_time()
        start = time.monotonic()
        operations = work(start + milliseconds / 1000)
        print(
            json.dumps(
                {
                    "operations": operations,
                    "seconds": time.monotonic() - start,
                    "cpuSeconds": time.process_time() - processor,
                    "allocatedBytes": 0,
                }
            ),
            flush=True,
        )


def main(conf, pool, name, workload, *arguments):
    with rados.Rados(conffile=conf, rados_id="admin") as cluster:
        with cluster.open_ioctx(pool) as io, rbd.Image(io, name) as image:
            if workload == "first-read":
                image.read(0, 4096)
                print("done", flush=True)
            elif workload == "read":
                take_turns(reads(image, *arguments))
            elif workload == "aio-read":
                take_turns(queue(image, *arguments, False))
            elif workload == "aio-write":
                take_turns(queue(image, *arguments, True))
            elif workload == "open-close":
                take_turns(open_close(io, name))
            else:
                sys.exit("no such workload: " + workload)


main(*sys.argv[1:])
