"""Measures the peers. Prints a line of JSON that maps the name of each figure to a number.

    python3 peers.py products CASES
        GF/s of each product with numpy, which calls the system's BLAS
    python3 peers.py training MODEL BATCH MS DATA-DIR
        examples/s of PyTorch, shuffling included
"""
import gzip
import json
import os
import sys
import time

import numpy as np


def products(cases):
    figures = {}
    for case in cases:
        m, n, k, form = case["m"], case["n"], case["k"], case["form"]
        a = np.full((k, m) if form == "tn" else (m, k), 0.5, np.float32)
        b = np.full((n, k) if form == "nt" else (k, n), 0.25, np.float32)
        a, b = (a.T if form == "tn" else a), (b.T if form == "nt" else b)
        c = np.empty((m, n), np.float32)
        flops = 2 * m * n * k
        repetitions, times, spent = max(1, round(2e7 / flops)), [], 0
        while spent < 1.5 * case["ms"] / 1000:
            start = time.perf_counter()
            for _ in range(repetitions):
                np.matmul(a, b, out=c)
            elapsed = time.perf_counter() - start
            spent += elapsed
            if spent > 0.5 * case["ms"] / 1000:
                times.append(elapsed / repetitions)
        figures[case["name"]] = flops / sorted(times)[len(times) // 2] / 1e9
    return figures


def training(model, batch, milliseconds, directory):
    import torch
    from torch import nn

    torch.set_num_threads(1)
    read = lambda name, skip: np.frombuffer(
        open(os.path.join(directory, name), "rb").read(), np.uint8, offset=skip
    )
    images = torch.from_numpy(read("images", 16).reshape(-1, 784).astype("f4") / 255)
    labels = torch.from_numpy(read("labels", 8).astype("i8"))
    if model == "mlp":
        hidden = [nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU()]
        net = nn.Sequential(*hidden, nn.Linear(128, 10))
    else:
        block = lambda i, o: [nn.Conv2d(i, o, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        dense = [nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10)]
        net = nn.Sequential(nn.Unflatten(1, (1, 28, 28)), *block(1, 32), *block(32, 64), *dense)
    loss_of = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    order, at = torch.randperm(len(labels)), 0

    def step():
        nonlocal at
        at = 0 if at + batch > len(labels) else at
        indices = order[at : at + batch]
        at += batch
        optimizer.zero_grad(set_to_none=True)
        loss_of(net(images[indices]), labels[indices]).backward()
        optimizer.step()

    until = time.perf_counter() + milliseconds / 4000
    while time.perf_counter() < until:
        step()
    start, examples = time.perf_counter(), 0
    while time.perf_counter() - start < milliseconds / 1000:
        step()
        examples += batch
    return {"examplesPerSecond": examples / (time.perf_counter() - start)}


if sys.argv[1] == "products":
    result = products(json.loads(sys.argv[2]))
else:
    result = training(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
print(json.dumps(result))
