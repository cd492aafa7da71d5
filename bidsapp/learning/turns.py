"""Who takes which examples when several processes train together."""

from __future__ import annotations

import torch


def turn_of_process() -> tuple[int, int]:
    """Give which turn is this process's among those that share a step, and how many take turns.

    ``(0, 1)`` where it trains alone.
    """
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1
