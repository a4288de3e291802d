"""Steps of one of two workers: `python worker_steps.py FOLDER INDEX PORT PORT`.

Run by `test_strategies.py` once for each worker, on one machine.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from clone_steps import STEPS, WORKERS, Kept, batches, flat, new, new_model, repeated, steps_to


def main(folder: Path, index: int, ports: list[str]) -> None:
    cluster = {"worker": [f"localhost:{port}" for port in ports]}
    task = {"type": "worker", "index": index}
    os.environ["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": task})
    strategy = new.clone_strategy(replica_id=index, num_replicas=2, num_ps_tasks=1)
    assert strategy.num_replicas_in_sync == 2

    def own(data: Any) -> Any:
        return lambda: data().shard(2, index)

    kept = Kept()
    model = new_model(WORKERS, strategy, own(batches))
    model.fit(model.batches, steps_per_epoch=STEPS[-1], verbose=0, callbacks=[kept])
    found = flat("workers|new", kept.found)
    logs = folder / f"logs{index}"
    whole = steps_to(5, None, strategy, own(repeated))
    steps_to(3, logs, strategy, own(repeated))
    parts = steps_to(5, logs, strategy, own(repeated))
    found |= {f"whole|{name}": value for name, value in whole.items()}
    found |= {f"parts|{name}": value for name, value in parts.items()}
    np.savez(folder / f"worker{index}.npz", **found)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
