"""Networks of PyTorch with a zero-inflated lognormal head: a dense one on the columns, a recurrent one on the months.

Here: `fit_network` (Wang, Liu and Miao 2019, "A deep probabilistic model for customer lifetime value prediction", arXiv:1912.07753):
chance of any amount, and mean and spread of its logarithm, learnt together by their likelihood. They are comparators: weights aren't
stored. PyTorch is the extra `deep`; nothing here is imported without it. Keep rows, units and levels out (`comparators`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Inputs = NDArray[np.float32]
EPOCHS, BATCH, HIDDEN = 12, 256, 24
_WIDTHS = (64, 32)
_MAX_SIGMA = 3.0


def fit_network(inputs: Inputs, y: Floats, *, seed: int) -> Callable[[Inputs], Floats]:
    """Fit a network to amounts, most of which may be 0.

    Parameters
    ----------
    inputs : array of shape (n, columns) or (n, months, channels)
        Scaled to order one. Two dimensions: dense layers; three: a GRU over the months, then dense layers.
    y : array of shape (n,)
        Amounts of at least 0, of mean about one.
    seed : int
        Of first weights and of the order of rows: neither reads PyTorch's global generator, so fits may run side by side.

    Returns
    -------
    function
        Inputs of other rows to their expected amounts, of at most the largest learnt from.
    """
    torch: Any = import_module("torch")
    torch.set_num_threads(1)  # more threads make sums, and so results, differ
    rng = np.random.default_rng(seed)
    network = _build(torch, inputs.shape[1:])
    with torch.no_grad():
        for weights in network.parameters():
            bound = (3.0 / max(weights.shape[-1], 1)) ** 0.5 if weights.ndim > 1 else 0.0
            weights.copy_(torch.from_numpy(rng.uniform(-bound, bound, tuple(weights.shape)).astype(np.float32)))
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3, weight_decay=1e-5)
    x, amount = torch.from_numpy(np.ascontiguousarray(inputs)), torch.from_numpy(np.maximum(y, 0.0).astype(np.float32))
    size = int(np.clip(len(y) // 20, 16, BATCH))
    for _ in range(EPOCHS):
        order = torch.from_numpy(rng.permutation(len(y)))
        for rows in order.split(size):
            optimiser.zero_grad()
            _loss(torch, network(x[rows]), amount[rows]).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
    most = float(y.max())

    def predict(other: Inputs) -> Floats:
        with torch.no_grad():
            chance, mean, sigma = _parts(torch, network(torch.from_numpy(np.ascontiguousarray(other))))
            expected = torch.sigmoid(chance) * torch.exp(torch.clamp(mean + sigma**2 / 2, max=20.0))
        return np.clip(expected.numpy().astype(np.float64), 0.0, most)

    return predict


def _build(torch: Any, shape: Sequence[int]) -> Any:
    """Dense layers to three numbers; over months a GRU comes first, whose last state they read."""
    layers = torch.nn

    class LastState(layers.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru = layers.GRU(shape[-1], HIDDEN, batch_first=True)

        def forward(self, months: Any) -> Any:
            return self.gru(months)[1][-1]

    width = HIDDEN if len(shape) == 2 else shape[0]
    first = [LastState()] if len(shape) == 2 else []
    dense = [layers.Linear(width, _WIDTHS[0]), layers.ReLU(), layers.Linear(*_WIDTHS), layers.ReLU(), layers.Linear(_WIDTHS[1], 3)]
    return layers.Sequential(*first, *dense)


def _parts(torch: Any, output: Any) -> tuple[Any, Any, Any]:
    """Log-odds of any amount, mean and standard deviation of the amount's logarithm."""
    return output[:, 0], output[:, 1], torch.clamp(torch.nn.functional.softplus(output[:, 2] + 0.5), 1e-2, _MAX_SIGMA)


def _loss(torch: Any, output: Any, amount: Any) -> Any:
    """Negative log-likelihood per row of the zero-inflated lognormal distribution, but for a constant."""
    chance, mean, sigma = _parts(torch, output)
    buys = (amount > 0).to(amount.dtype)
    any_amount = torch.nn.functional.binary_cross_entropy_with_logits(chance, buys)
    logs = torch.log(torch.where(amount > 0, amount, torch.ones_like(amount)))
    return any_amount + (buys * (torch.log(sigma) + (logs - mean) ** 2 / (2 * sigma**2))).mean()
