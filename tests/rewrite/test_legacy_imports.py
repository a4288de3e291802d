"""Imports that must stay for what is left: which become `legacy_import`, and which do not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from slimport.rewrite.command import Request, run
from tests.rewrite.tools import (
    check_noop,
    check_transformed,
    output,
    report,
    rewrite_program,
    transform,
)

MARK = """\
    # TODO(slimport): SLIM401 slim.learning.tune: a training loop on graphs and sessions; train
    #   the model with compile() and fit()
"""
USE = "\n\ndef train(op):\n    {}(op)\n"
MARKED = "\n\ndef train(op):\n" + MARK + "    {}(op)\n"
HEAD = "from scoped_layers import legacy_import\n\n"

BECOMES = {
    "tf_slim": (
        "import tf_slim as slim\n",
        HEAD + 'slim = legacy_import("tf_slim")\n',
        "slim.learning.tune",
    ),
    "tf_slim without alias": (
        "import tf_slim\n",
        HEAD + 'tf_slim = legacy_import("tf_slim")\n',
        "tf_slim.learning.tune",
    ),
    "from contrib": (
        "from tensorflow.contrib import slim\n",
        HEAD + 'slim = legacy_import("tensorflow.contrib.slim")\n',
        "slim.learning.tune",
    ),
    "import contrib.slim as": (
        "import tensorflow.contrib.slim as slim\n",
        HEAD + 'slim = legacy_import("tensorflow.contrib.slim")\n',
        "slim.learning.tune",
    ),
    "a module of slim": (
        "from tf_slim import learning as training\n",
        HEAD + 'training = legacy_import("tf_slim.learning")\n',
        "training.tune",
    ),
    "a function of slim": (
        "from tf_slim.learning import tune as loop\n",
        HEAD + 'loop = legacy_import("tf_slim.learning.tune")\n',
        "loop",
    ),
    "tf.contrib.slim": (
        "import tensorflow as tf\n\nslim = tf.contrib.slim  # as ever\n",
        HEAD + 'slim = legacy_import("tensorflow.contrib.slim")  # as ever\n',
        "slim.learning.tune",
    ),
    "compat.v1": (
        "import tensorflow.compat.v1 as tf\n\nslim = tf.contrib.slim\n",
        HEAD + 'slim = legacy_import("tensorflow.contrib.slim")\n',
        "slim.learning.tune",
    ),
    "an alias of an alias": (
        "from tensorflow.contrib import slim as contrib_slim\n\nslim = contrib_slim\n",
        HEAD + 'slim = legacy_import("tensorflow.contrib.slim")\n',
        "slim.learning.tune",
    ),
    "an alias of a module in it": (
        "import tf_slim as slim\n\nlearning = slim.learning\n",
        HEAD + 'learning = legacy_import("tf_slim.learning")\n',
        "learning.tune",
    ),
    "one name of several": (
        "from tensorflow.contrib import framework, slim\n",
        HEAD + 'slim = legacy_import("tensorflow.contrib.slim")\n',
        "slim.learning.tune",
    ),
    "a statement of two imports": (
        "import os, tf_slim as slim\n\nprint(os.name)\n",
        "import os\n\n" + HEAD + 'slim = legacy_import("tf_slim")\n\nprint(os.name)\n',
        "slim.learning.tune",
    ),
    "among others": (
        '"""Trains."""\nimport os\n\nimport numpy as np\nimport tf_slim as slim  # noqa\n'
        "import tensorflow as tf\n\nprint(os, np, tf.float32)\n",
        '"""Trains."""\nimport os\n\nimport numpy as np\nimport tensorflow as tf\n\n'
        + HEAD
        + 'slim = legacy_import("tf_slim")\n\nprint(os, np, tf.float32)\n',
        "slim.learning.tune",
    ),
    "with a comment": (
        "import numpy as np\n# For the loop.\nimport tf_slim as slim\nprint(np)\n",
        "import numpy as np\n\n" + HEAD + '# For the loop.\nslim = legacy_import("tf_slim")\n\n'
        "print(np)\n",
        "slim.learning.tune",
    ),
    "contrib.slim without alias fails where it is used": (
        "import tensorflow.contrib.slim\n",
        "import tensorflow\n",
        "tensorflow.contrib.slim.learning.tune",
    ),
    "in an if": (
        "import numpy as np\n\nif np.__version__ > '1':\n  import tf_slim as slim\n",
        "import numpy as np\n\n" + HEAD.rstrip("\n") + "\n\nif np.__version__ > '1':\n"
        '  slim = legacy_import("tf_slim")\n',
        "slim.learning.tune",
    ),
    "with a comment behind it": (
        "import tf_slim as slim  # For the loop.\nimport numpy as np\n\nprint(np)\n",
        "import numpy as np\n\n"
        + HEAD
        + 'slim = legacy_import("tf_slim")  # For the loop.\n\nprint(np)\n',
        "slim.learning.tune",
    ),
    "one name of several in an if": (
        "import numpy as np\n\nif np.__version__ > '1':\n"
        "  from tensorflow.contrib import slim, framework\n",
        "import numpy as np\n\n" + HEAD.rstrip("\n") + "\n\nif np.__version__ > '1':\n"
        '  slim = legacy_import("tensorflow.contrib.slim")\n',
        "slim.learning.tune",
    ),
    "an alias on a line with an idle one": (
        "import tensorflow as tf\n\nslim = tf.contrib.slim; nn = tf.contrib.nn\n",
        HEAD + 'slim = legacy_import("tensorflow.contrib.slim")\n',
        "slim.learning.tune",
    ),
    "legacy_import is taken": (
        "import tf_slim as slim\n\nlegacy_import = 1\n",
        "from scoped_layers import legacy_import as scoped_legacy_import\n\n"
        'slim = scoped_legacy_import("tf_slim")\n\nlegacy_import = 1\n',
        "slim.learning.tune",
    ),
}


@pytest.mark.parametrize(("imports", "after", "use"), BECOMES.values(), ids=BECOMES.keys())
def test_it_becomes(imports: str, after: str, use: str) -> None:
    check_transformed(imports + USE.format(use), after + MARKED.format(use))


STAYS = {
    "a try that asks for the package": (
        "try:\n    import tf_slim as slim\nexcept ImportError:\n    pass\n",
        "slim.learning.tune",
    ),
    "a try with another fallback": (
        "try:\n    import tf_slim as slim\nexcept:\n    from tensorflow.contrib import slim\n",
        "slim.learning.tune",
    ),
    "a try for any error": (
        "try:\n    from tf_slim import learning\nexcept Exception:\n    pass\n",
        "learning.tune",
    ),
    "a try in an if": (
        "import sys\n\nif sys.argv:\n    try:\n        import tf_slim as slim\n"
        "    except ImportError:\n        pass\n",
        "slim.learning.tune",
    ),
    "with suppress": (
        "import contextlib\n\nwith contextlib.suppress(ImportError):\n    import tf_slim as slim\n",
        "slim.learning.tune",
    ),
    "a submodule without alias": ("import tf_slim.learning\n", "tf_slim.learning.tune"),
    "a star": ("from tf_slim import *\n", "learning.tune"),
    "an attribute": ("import tensorflow as tf\n", "tf.contrib.slim.learning.tune"),
    "bound twice": (
        "import tf_slim as slim\nimport tensorflow.contrib.slim as slim\n",
        "slim.learning.tune",
    ),
    "bound again under if": (
        "import sys\n\nif sys.argv:\n    import tf_slim as slim\nelse:\n"
        "    from tensorflow.contrib import slim\n",
        "slim.learning.tune",
    ),
    "an alias on a line with others": (
        "import tensorflow as tf\n\nslim = tf.contrib.slim; steps = 3\n",
        "slim.learning.tune",
    ),
    "imported in a function too": (
        "import tf_slim as slim\n\n\ndef load():\n    import tf_slim as slim\n"
        "    return slim.learning.tune_step\n",
        "slim.learning.tune",
    ),
}


@pytest.mark.parametrize(("imports", "use"), STAYS.values(), ids=STAYS.keys())
def test_it_stays(imports: str, use: str) -> None:
    text = transform(imports + USE.format(use))
    assert "legacy_import" not in text
    assert text.startswith(imports.partition("\n\n\ndef")[0])
    assert MARKED.format(use).rstrip() in text
    check_noop(text)


def test_an_import_in_a_function_stays() -> None:
    source = "def train(op):\n    import tf_slim as slim\n    slim.learning.tune(op)\n"
    assert "    import tf_slim as slim\n" in transform(source)


@pytest.mark.parametrize(
    "use", ["run(slim)", "hasattr(slim, 'nets')", "getattr(slim, 'nets', None)", "print(slim.nets)"]
)
def test_a_module_that_is_passed_on_is_the_real_one(use: str) -> None:
    source = f"import tf_slim as slim\n\n{use}\nslim.learning.tune(1)\n"
    assert transform(source).startswith("import tf_slim as slim\n")


def test_an_import_below_code_stays_below_it() -> None:
    source = "from lib import setup\n\nsetup()\nimport tf_slim as slim  # late\n"
    source += USE.format("slim.learning.tune")
    text = output(rewrite_program({"net.py": source, "lib.py": "setup = print\n"}), "net.py") or ""
    assert "from scoped_layers import legacy_import\n\nsetup()\n" in text
    assert 'setup()\nslim = legacy_import("tf_slim")  # late\n' in text


def test_nothing_left_needs_nothing() -> None:
    source = "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(x, 8, 3, scope='c')\n"
    result = rewrite_program({"net.py": source})
    assert "legacy_import" not in (output(result, "net.py") or "")
    assert report(result, "net.py").legacy_imports == []


def test_a_use_between_the_imports_keeps_the_import_before_it() -> None:
    source = (
        "import tf_slim as slim\n\nCLIP = slim.adaptive_clipping_fn\n\nfrom lib import tool\n\n"
        "print(tool, CLIP)\n"
    )
    result = rewrite_program({"net.py": source, "lib.py": "tool = 1\n"})
    assert (output(result, "net.py") or "").startswith("import tf_slim as slim\n")


def test_a_use_between_the_imports_comes_after_the_new_import() -> None:
    source = (
        "import tf_slim as slim\n\nKERNEL = slim.bias_add\nconv2d = None\n\n"
        "from lib import tool\n\nprint(tool, KERNEL)\n"
    )
    result = rewrite_program({"net.py": source, "lib.py": "tool = 1\n"})
    assert output(result, "net.py") == (
        "from scoped_layers import bias_add\n\nKERNEL = bias_add\nconv2d = None\n\n"
        "from lib import tool\n\nprint(tool, KERNEL)\n"
    )


def test_files_that_import_the_name_from_each_other_keep_the_order() -> None:
    source = "import tf_slim as slim\nimport other\n" + USE.format("slim.learning.tune")
    other = "from net import slim\n" + USE.format("slim.learning.tune")
    result = rewrite_program({"net.py": source, "other.py": other})
    assert (output(result, "net.py") or "").startswith("import tf_slim as slim\n")
    assert result.report.failed == []


LIBRARY = "import tf_slim as slim\n"
USERS = {
    "from": ("from lib import slim\n", "slim.learning.tune"),
    "attribute": ("import lib\n", "lib.slim.learning.tune"),
    "star": ("from lib import *\n", "slim.learning.tune"),
    "alias": ("import lib\n\nslim = lib.slim\n", "slim.learning.tune"),
}


@pytest.mark.parametrize(("imports", "use"), USERS.values(), ids=USERS.keys())
def test_what_another_file_needs_stays(imports: str, use: str) -> None:
    user = imports + USE.format(use)
    result = rewrite_program({"lib.py": LIBRARY, "net.py": user})
    assert result.report.failed == []
    library, net = output(result, "lib.py") or "", output(result, "net.py") or ""
    assert 'slim = legacy_import("tf_slim")' in library
    assert "import tf_slim" not in library + net
    again = rewrite_program({"lib.py": library or LIBRARY, "net.py": net})
    assert output(again, "lib.py") is None and output(again, "net.py") is None
    assert [left.api for left in report(again, "net.py").left] == ["slim.learning.tune"]


def test_what_another_file_passes_on_stays_as_it_is() -> None:
    result = rewrite_program({"lib.py": LIBRARY, "net.py": "from lib import slim\n\nprint(slim)\n"})
    assert output(result, "lib.py") is None


def test_an_alias_that_means_two_modules_stays_and_is_marked() -> None:
    source = """import tensorflow as tf
from tensorflow.contrib import lookup as contrib_lookup


def table(values):
    try:
        lookup = tf.lookup
    except AttributeError:
        lookup = contrib_lookup
    return lookup.index_table_from_tensor(values)
"""
    text = transform(source)
    assert "        lookup = tf.lookup\n" in text
    assert "        lookup = contrib_lookup\n" in text
    assert "SLIM999" in text
    assert 'contrib_lookup = legacy_import("tensorflow.contrib.lookup")\n' in text
    check_noop(text)


def test_an_alias_inside_a_function_keeps_what_it_stands_on() -> None:
    text = transform(
        "import tf_slim as slim\n\n\ndef train(op):\n    learning = slim.learning\n"
        "    learning.tune(op)\n"
    )
    assert 'slim = legacy_import("tf_slim")\n' in text
    assert "    learning = slim.learning\n" in text


def test_a_layer_that_is_left_keeps_its_name_and_another_is_found_for_the_new_one() -> None:
    """`bias_add` in one call is rewritten, `train` stays, and both were imported under names."""
    text = transform(
        "from tf_slim.learning import tune as dropout\nimport tf_slim as slim\n\n\n"
        "def net(x, **kwargs):\n    dropout(x)\n    return slim.dropout(x, **kwargs)\n"
    )
    assert 'dropout = legacy_import("tf_slim.learning.tune")' in text
    assert "dropout as scoped_dropout" in text
    assert "return scoped_dropout(x, **kwargs)" in text


def test_a_name_imported_from_slim_comes_from_the_written_module() -> None:
    text = transform(
        "from tf_slim import dropout\n\n\ndef net(x, **k):\n    return dropout(x, **k)\n"
    )
    assert text.startswith("from scoped_layers import dropout\n")


def test_a_star_brings_more_than_layers() -> None:
    found = rewrite_program({"net.py": "from tf_slim import *\n\nlearning.tune(1)\nodd_thing(2)\n"})
    apis = [left.api for left in report(found, "net.py").left]
    assert apis == ["slim.learning.tune", "slim.odd_thing"]


def test_a_mark_stays_above_its_statement() -> None:
    text = transform(
        "# Copyright\nwith slim.arg_scope([slim.conv2d, slim.odd_thing], stride=1):\n"
        "    y = slim.conv2d(x, 8, 3)\nimport tf_slim as slim\n"
    )
    assert text.startswith("# Copyright\nfrom scoped_layers import ")
    assert "names the API\nwith layer_defaults(" in text
    check_noop(text)


def test_a_star_that_goes_holds_nothing_below_it() -> None:
    use = "import tf_slim as slim\n\nprint(slim.learning.tune)\n"
    text = transform(f"{use}from tf_slim import *\n")
    assert text.startswith(HEAD) and "import *" not in text
    check_noop(text)


ON_ONE_LINE = {
    "of a function": ("def load(): import tf_slim as slim\n", "def load(): pass\n"),
    "with others": (
        "if f: a = 1; import tf_slim as slim  # both\n", "if f: a = 1  # both\n",
    ),
    "either": (
        "try: import tf_slim as slim\nexcept ImportError: from tensorflow.contrib import slim\n"
        "conv = slim.conv2d\n",
        "from scoped_layers import conv2d\nconv = conv2d\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), ON_ONE_LINE.values(), ids=ON_ONE_LINE.keys())
def test_imports_behind_a_colon_go(before: str, after: str) -> None:
    check_transformed(before, after)


MNIST = "tensorflow.examples.tutorials.mnist"


@pytest.mark.parametrize(
    "line", [f"from {MNIST} import input_data", f"import {MNIST}.input_data as input_data"]
)
def test_a_package_that_tensorflow_2_comes_without(line: str) -> None:
    """It kept the file from loading, used or not."""
    net = "import tensorflow as tf\n\n\ndef net(x):\n    return tf.log(x)\n"
    assert "input_data" not in transform(f"{line}\n{net}")
    text = transform(
        f"{line}\n{net}\n\ndef load(path):\n    return input_data.read_data_sets(path)\n"
    )
    assert f'input_data = legacy_import("{MNIST}.input_data")\n' in text
    assert "# TODO(slimport): SLIM310" in text and line not in text


def test_estimators_are_gone_and_their_modes_are_texts() -> None:
    line = "from tensorflow import estimator"
    net = (
        "import tensorflow as tf\n\n\ndef net(x, mode):\n"
        "    return tf.log(x) if mode == estimator.ModeKeys.TRAIN else x\n"
    )
    done = transform(f"{line}\n{net}")
    assert 'mode == "train"' in done and "estimator" not in done
    done = transform(f"{line}\n{net}\n\ndef train(f):\n    return estimator.Estimator(f)\n")
    assert 'estimator = legacy_import("tensorflow.estimator")\n' in done and line not in done


def test_a_package_that_is_asked_for_stays() -> None:
    source = (
        "import tensorflow as tf\n\ntry:\n"
        f"    from {MNIST} import input_data\nexcept ImportError:\n    input_data = None\n\n\n"
        "def net(x):\n    return input_data.read_data_sets('data') if x else tf.log(x)\n"
    )
    assert f"    from {MNIST} import input_data\nexcept ImportError:" in transform(source)


def test_an_import_that_nothing_needs_any_more_goes() -> None:
    source = HEAD + 'slim = legacy_import("tf_slim")\n\nprint(1)\n'
    check_transformed(source, "print(1)\n")


def test_the_rest_of_an_import_keeps_its_shape() -> None:
    source = """from scoped_layers import (
    conv2d,
    legacy_import,
)

slim = legacy_import("tf_slim")


def net(x):
    return conv2d(x, 8, 3)
"""
    assert "import (\n    conv2d,\n)\n\n\ndef" in transform(source)


def test_what_was_left_is_left_again_and_marked_once(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(LIBRARY + USE.format("slim.learning.tune"))
    first = run(Request((tmp_path,)))
    once = (tmp_path / "train.py").read_text()
    again = run(Request((tmp_path,)))
    assert first.report.left == again.report.left == 1
    assert first.report.legacy_imports == 1 and again.report.legacy_imports == 0
    assert (tmp_path / "train.py").read_text() == once


def test_the_file_loads_and_what_is_left_raises(tmp_path: Path) -> None:
    """With the one part of the written module that is needed: TensorFlow takes seconds."""
    from slimport.written import legacy

    (tmp_path / "scoped_layers.py").write_text(Path(legacy.__file__).read_text("utf-8"))
    (tmp_path / "train.py").write_text(
        transform(
            "import gone\nfrom tensorflow.contrib import slim\n" + USE.format("slim.learning.tune")
        )
    )
    (tmp_path / "gone.py").write_text("")
    code = (
        "import sys\nsys.modules['tensorflow'] = None\nimport train\n"
        "try:\n    train.train(1)\nexcept ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert "tensorflow.contrib.slim.learning.tune is no part of TensorFlow 2" in done.stdout


def test_an_alias_that_may_mean_slim_stays_without_a_use() -> None:
    source = """from tensorflow.contrib import lookup as contrib_lookup
import tensorflow as tf
import tf_slim as slim

try:
    lookup = tf.lookup
except AttributeError:
    lookup = contrib_lookup


def net(x):
    return slim.conv2d(x, 4, 3, scope='a')
"""
    text = transform(source)
    assert "    lookup = tf.lookup\n" in text
    assert "    lookup = contrib_lookup\n" in text
