"""Seeds from names, not from counters.

Every random choice is drawn from a stream named by (base seed, purpose, database, run
index), so that one database, backbone or worker more changes no number already drawn.
"""

from __future__ import annotations

import hashlib

import numpy as np


def seed_sequence(base: int, purpose: str, database: str, run: int = 0) -> np.random.SeedSequence:
    """Return the seed sequence of a named stream.

    Args:
        base: the user's ``--seed``, at least 0.
        purpose: what is drawn, e.g. "split" or "dropout".
        database: name of the database.
        run: index of the run, from 0.
    """
    words = [base]
    for text in (purpose, database):
        digest = hashlib.sha256(text.encode()).digest()
        words += [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4)]
    return np.random.SeedSequence([*words, run])


def generator(base: int, purpose: str, database: str, run: int = 0) -> np.random.Generator:
    """Return a NumPy generator of the named stream (see :func:`seed_sequence`).

    >>> int(generator(0, "split", "kdef", 3).integers(1000))
    390
    >>> int(generator(0, "split", "krc", 3).integers(1000))
    899
    """
    return np.random.Generator(np.random.PCG64(seed_sequence(base, purpose, database, run)))


def torch_seed(base: int, purpose: str, database: str, run: int = 0) -> int:
    """Return a 63-bit seed of the named stream for ``torch.Generator.manual_seed``."""
    state = seed_sequence(base, purpose, database, run).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))
