"""Measures PyTorch's synchronous data-parallel training, DistributedDataParallel over gloo.

    python3 torch-ddp.py MODEL GLOBAL-BATCH SECONDS PROCESSES THREADS

Each of the PROCESSES uses THREADS threads. Prints a line of JSON with the examples/s on random
images, shuffling included. A single process trains without DistributedDataParallel.
"""
import json
import os
import socket
import sys
import time

import torch
import torch.distributed as dist
from torch import nn

WARM_UP_SECONDS = 2
EXAMPLES = 60_000


def network(model):
    if model == "mlp":
        hidden = [nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU()]
        return nn.Sequential(*hidden, nn.Linear(128, 10))
    block = lambda i, o: [nn.Conv2d(i, o, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    dense = [nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10)]
    return nn.Sequential(nn.Unflatten(1, (1, 28, 28)), *block(1, 32), *block(32, 64), *dense)


def train(rank, model, batch, seconds, processes, threads, port):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    images, labels = torch.rand(EXAMPLES, 784), torch.randint(10, (EXAMPLES,))
    net = network(model)
    if processes > 1:
        url = f"tcp://127.0.0.1:{port}"
        dist.init_process_group("gloo", init_method=url, rank=rank, world_size=processes)
        net = nn.parallel.DistributedDataParallel(net)
    loss_of = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    order, own = torch.randperm(EXAMPLES), batch // processes
    at = 0

    def steps(count):
        nonlocal at
        start = time.perf_counter()
        for _ in range(count):
            at = 0 if at + batch > EXAMPLES else at
            indices = order[at + rank * own : at + (rank + 1) * own]
            at += batch
            optimizer.zero_grad(set_to_none=True)
            loss_of(net(images[indices]), labels[indices]).backward()
            optimizer.step()
        return time.perf_counter() - start

    def agreed(count):
        """The count of rank 0, because all processes must do the same number of steps."""
        if processes == 1:
            return count
        shared = torch.tensor([count])
        dist.broadcast(shared, 0)
        return int(shared)

    steps(5)
    rate = agreed(max(1, int(20 / steps(20))))  # steps per second
    steps(rate * WARM_UP_SECONDS)
    count = rate * seconds
    elapsed = steps(count)
    if rank == 0:
        print(json.dumps({"examplesPerSecond": count * batch / elapsed}), flush=True)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


if __name__ == "__main__":
    model, (batch, seconds, processes, threads) = sys.argv[1], map(int, sys.argv[2:])
    port = free_port()
    children = []
    for rank in range(1, processes):
        child = os.fork()
        if child == 0:
            train(rank, model, batch, seconds, processes, threads, port)
            os._exit(0)
        children.append(child)
    train(0, model, batch, seconds, processes, threads, port)
    for child in children:
        os.waitpid(child, 0)
