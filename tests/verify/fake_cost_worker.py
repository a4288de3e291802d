"""A worker that is measured, without TensorFlow, for tests: its case's name says how it fails."""

import json
import os
import sys
import time
from pathlib import Path

request = json.loads(Path(sys.argv[1]).read_text())
name, side, out = request["case"]["name"], request["side"], Path(request["out"])
with os.fdopen(request["read"]) as words, os.fdopen(request["write"], "w") as answers:
    for line in words:
        word = line.strip()
        with (out.parent / "order.txt").open("a") as order:
            order.write(f"{side} {word}\n")
        if side == "new" and word == "step":
            if name == "dies":
                print("out of memory", flush=True)
                os._exit(9)
            if name == "hangs":
                time.sleep(60)
            if name == "nonsense":
                answers.write("not JSON\n")
                answers.flush()
        told = {"build": 12, "peak": None}.get(word)
        answer = {"seconds": 0.25 if side == "old" else 0.5, "told": told}
        if word == "peak":
            answer = {"bytes": 1000}
        if name == "raises" and word == "infer":
            answer = {"error": {"message": "no such layer"}}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
