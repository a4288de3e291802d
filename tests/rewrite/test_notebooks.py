"""Notebooks: code cells are one program; everything else in the file stays as it was."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from slimport.files.read import read
from slimport.files.source import Container, SourceError
from slimport.notebooks.json_text import scan
from slimport.rewrite.plan import Options
from slimport.rewrite.tree import TreeResult, rewrite_tree

IMPORTS = "import tensorflow as tf\nimport tf_slim as slim"
NET = "def net(x):\n    return slim.conv2d(x, 8, [3, 3], scope='a')"
NEW_NET = (
    "def net(x):\n"
    '    return keras.layers.Conv2D(8, [3, 3], padding="same", activation="relu", name="a")(x)'
)


def cell(source: str, kind: str = "code") -> dict[str, Any]:
    lines = source.splitlines(keepends=True)
    found: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": lines}
    if kind == "code":
        outputs = [{"name": "stdout", "output_type": "stream", "text": ["slim é\n"]}]
        found |= {"execution_count": 3, "outputs": outputs}
    return found


def notebook(*sources: str) -> dict[str, Any]:
    return {
        "cells": [cell("# é", "markdown"), *map(cell, sources)],
        "metadata": {"kernelspec": {"language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 4,
    }


def rewritten(folder: Path, *sources: str, name: str = "net.ipynb") -> TreeResult:
    return rewritten_with(folder, Options(), *sources, name=name)


def rewritten_with(
    folder: Path, options: Options, *sources: str, name: str = "net.ipynb"
) -> TreeResult:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(notebook(*sources), indent=1), encoding="utf-8")
    return rewrite_tree(folder, options)


def sources_of(result: TreeResult, name: str = "net.ipynb") -> list[str]:
    """Sources of the code cells as they are to be written."""
    report = next(file for file in result.report.files if file.path == name)
    assert not report.error, report.error
    data = next(data for path, data in result.outputs.items() if path.as_posix() == name)
    return [found.source.text for found in scan(data.decode("utf-8-sig")).cells]


def container(*sources: str) -> tuple[Container, bytes]:
    found = read(Path("net.ipynb"), json.dumps(notebook(*sources)).encode())
    assert found is not None and found.container is not None
    return found.container, found.data


# The program ----------------------------------------------------------------------------------


def test_cells_are_one_program(tmp_path: Path) -> None:
    result = rewritten(tmp_path, IMPORTS, NET, "y = net(tf.to_float([[1]]))\ntf.io.read_file(y)")
    assert sources_of(result) == [
        "import keras\nimport tensorflow as tf",
        NEW_NET,
        'y = net(keras.ops.cast([[1]], "float32"))\ntf.io.read_file(y)',
    ]


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    sources = "!pip install tf_slim tensorflow==1.15", IMPORTS, NET, "slim.learning.tune(1, 2)"
    result = rewritten(tmp_path, *sources)
    for path, data in result.outputs.items():
        (tmp_path / path).write_bytes(data)
    again = rewrite_tree(tmp_path)
    assert not again.outputs
    assert again.report.left == result.report.left == 2, "what is left is told again"


def test_new_imports_go_where_the_old_ones_were(tmp_path: Path) -> None:
    result = rewritten(tmp_path, "%matplotlib inline", "import os", IMPORTS, "import json", NET)
    assert sources_of(result)[:4] == [
        "%matplotlib inline",
        "import os",
        "import keras\nimport tensorflow as tf",
        "import json",
    ]


def test_eager_execution_is_turned_off_in_the_cell_that_imports_tensorflow(tmp_path: Path) -> None:
    loop = "def run():\n    with tf.Session() as s:\n        s.run(net(tf.placeholder('float')))"
    result = rewritten(tmp_path, IMPORTS, "import os", NET, loop, "run()")
    assert sources_of(result)[:2] == [
        "import tensorflow.compat.v1 as tf\n\nfrom scoped_layers import conv2d\n\n"
        "tf.disable_v2_behavior()",
        "import os",
    ]


def test_a_name_that_a_magic_uses_stays(tmp_path: Path) -> None:
    first, magic = sources_of(rewritten(tmp_path, IMPORTS, "%timeit slim.conv2d(x, 8, 3)"))
    assert first == IMPORTS
    assert magic.startswith("# TODO(slimport): SLIM999 the module slim is passed on as a value")
    assert magic.endswith("\n%timeit slim.conv2d(x, 8, 3)")


def test_a_magic_binds_names(tmp_path: Path) -> None:
    """`net` is not the function alone, so that nothing is known of its callers."""
    result = rewritten(tmp_path, IMPORTS, NET, "%time net = other(net)")
    assert sources_of(result)[2] == "%time net = other(net)"


def test_comments_stay_in_their_cells(tmp_path: Path) -> None:
    result = rewritten(tmp_path, "# slim\nimport tf_slim as slim\n# last", "# of the net\n" + NET)
    assert sources_of(result) == ["# slim\nimport keras\n# last", "# of the net\n" + NEW_NET]


def test_a_cell_of_imports_alone_is_left_empty(tmp_path: Path) -> None:
    result = rewritten(tmp_path, IMPORTS, "from tensorflow.contrib import slim", NET, "tf.ones(1)")
    assert sources_of(result)[1] == ""


def test_what_a_run_notebook_names_is_known(tmp_path: Path) -> None:
    other = notebook("%run net.ipynb", "def deep(x):\n    return slim.flatten(net(x))")
    (tmp_path / "more.ipynb").write_text(json.dumps(other))
    result = rewritten(tmp_path, IMPORTS, NET)
    assert "slim.flatten" not in sources_of(result, "more.ipynb")[1]
    assert sources_of(result, "more.ipynb")[0] == "%run net.ipynb\nimport keras"


def test_notebooks_are_not_imported(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(f"{IMPORTS}\n\n\n{NET}\n")
    (tmp_path / "main.py").write_text("import net\n\nnet.net(1)\n")
    result = rewritten(tmp_path, "def net(x):\n    return 1")
    main_module = next(m for m in result.plan.program.modules if m.path.name == "main.py")  # type: ignore[union-attr]
    imported = result.plan.program.imports[main_module]  # type: ignore[union-attr]
    assert {module.path.name for module in imported} == {"net.py"}


# What is IPython's ------------------------------------------------------------------------------

LINES = [
    "%matplotlib inline",
    "  %time x = 1",
    "!ls -l | grep \"it's\" > 'out'",
    "!pip install a \\\n    b",
    "files = !ls",
    "a, b = %sx ls",
    "x = %timeit -o f()",
    "net?",
    "?net",
    "net.call??",
    "??net",
    "%%time\nx = 1",
    "%%time -q\n\n# c\nx = 1;",
    "%%bash\necho 'unclosed",
    "%%writefile net.py\nprint 'slim'",
    "%%capture out\nf()",
    "%run -i other.py",
    "%cd /tmp",
    "if True:\n    !ls\n    %cd ..\nelse:\n    files = !ls",
    's = """\n%matplotlib\n!ls\n"""',
    "s = f(\n    1\n    %2\n)",
    "s = 'a' \\\n    % 2",
    "await f()",
    "def f(:\n    no Python",
    "plt.plot(x);",
    "",
    "\n\n# a comment alone",
    ">>> x = 1",
    "In[3]",
    "_ + Out[3]",
]


@pytest.mark.parametrize("line", LINES)
def test_a_cell_comes_back(line: str) -> None:
    found, program = container(IMPORTS, line, NET, line)
    assert found.with_program(program) == json.dumps(notebook(IMPORTS, line, NET, line)).encode()
    changed = program.replace(b"slim.conv2d", b"conv2d")
    expected = json.dumps(notebook(IMPORTS, line, NET.replace("slim.", ""), line)).encode()
    assert found.with_program(changed) == expected


@pytest.mark.parametrize("line", ["%time x = 1", "!ls", "x = !ls", "net?", "%%bash\nls"])
def test_lines_of_ipython_are_no_python(line: str) -> None:
    _, program = container(line)
    assert b"get_ipython()." in program and not any(c in program for c in (b"!", b"?", b"%"))


def test_a_string_is_no_line_of_ipython() -> None:
    text = 's = """\n!ls\n%time f()\n"""'
    _, program = container(text)
    assert text.encode() in program


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("'[[cell 2]]'\n", "", "would mix cell 2"),
        ("'[[cell 3]]'\n", "'[[cell 3]]'\n'[[cell 3]]'\n", "would mix cell 3"),
        ("'[[cell 2]]'\n", "if x:\n    '[[cell 2]]'\n", "would mix cell 2"),
        (", sign='[[line 1]]'", "", "would be lost"),
        ("'inline'", "'notebook'", "names what would change"),
        ("'[[cell 2]]'\n", "import keras\n'[[cell 2]]'\n", "before the first cell"),
    ],
)
def test_what_cannot_be_cut_into_cells_is_not_written(old: str, new: str, message: str) -> None:
    found, program = container("%matplotlib inline", "x = 1")
    assert old.encode() in program
    with pytest.raises(SourceError, match=message):
        found.with_program(program.replace(old.encode(), new.encode()))


def test_cells_that_change_their_order_are_not_written() -> None:
    found, _ = container("x = 1", "y = 2")
    with pytest.raises(SourceError, match="before the first cell"):
        found.with_program(b"'[[cell 3]]'\ny = 2\n'[[cell 2]]'\nx = 1\n")


def test_signs_of_the_notebook_itself_are_told_apart() -> None:
    found, program = container("x = '[[cell 2]]'", NET)
    assert b"'[[[cell 2]]]'\n" in program
    assert found.with_program(program).count(b"[[cell 2]]") == 1


def test_cells_that_are_no_python_are_reported(tmp_path: Path) -> None:
    result = rewritten(tmp_path, IMPORTS, NET, "x = 1\ndef f(:", "%%bash\necho tf_slim")
    assert sources_of(result)[2:] == ["x = 1\ndef f(:", "%%bash\necho tf_slim"]
    assert any("cell 4 stays as it is: it is no Python (line 2: " in n for n in result.report.notes)
    (left,) = result.report.files[0].left
    assert (left.code, left.place) == ("SLIM991", "cell 5, line 1")


def test_marks_stand_below_the_head_of_a_cell(tmp_path: Path) -> None:
    (_, text) = sources_of(rewritten(tmp_path, IMPORTS, "%%timeit slim\nslim.learning.tune(1, 2)"))
    assert text.startswith("%%timeit slim\n# TODO(slimport): ")


# What is installed ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("!pip install tf_slim\nx = 1", "x = 1"),
        ("!pip3 install -q tf-slim==1.1.0 matplotlib", "!pip3 install -q matplotlib"),
        ("%pip install 'tf_slim>=1.0' numpy", "%pip install numpy"),
        ("!python -m pip install --upgrade tf_slim > /dev/null", ""),
        ("!pip install git+https://github.com/google-research/tf-slim.git@v1.1", ""),
        ("!pip install tf_slim && pip install numpy", "!pip install numpy"),
        ("!pip install -r requirements.txt tf_slim", "!pip install -r requirements.txt"),
        ("if x:\n    !pip install tf_slim", "if x:\n    pass"),
        ("# slim\n!pip install tf_slim\n# numpy\n!pip install numpy",) * 2,
        ("!pip uninstall tf_slim",) * 2,
        ("!pip install tf_slim_extras",) * 2,
        ("!conda install -c conda-forge tf_slim",) * 2,
    ],
)
def test_tf_slim_is_not_installed_any_more(tmp_path: Path, old: str, new: str) -> None:
    if old == new and "# slim" in old:
        new = "# slim\n# numpy\n!pip install numpy"
    if "conda" in old:
        new = ""
    assert sources_of(rewritten(tmp_path, old, IMPORTS, NET))[0] == new


@pytest.mark.parametrize(
    "left",
    [
        "slim.learning.tune(1, 2)",
        "%time slim.conv2d(1, 2)",
        "%%bash\necho tf_slim",
        "import importlib; importlib.import_module('tf_slim')",
    ],
)
def test_what_is_still_used_is_still_installed(tmp_path: Path, left: str) -> None:
    assert sources_of(rewritten(tmp_path, "!pip install tf_slim", IMPORTS, NET, left))[0] == (
        "!pip install tf_slim"
    )


@pytest.mark.parametrize(
    ("line", "marked"),
    [
        ("!pip install tensorflow==1.15", True),
        ("!pip install 'tensorflow<2'", True),
        ("!pip install tensorflow-gpu~=1.15.0", True),
        ("!pip install tensorflow==2.3", True),
        ("!pip install keras==2.3.1", True),
        ("%tensorflow_version 1.x", True),
        ("!git clone https://github.com/tensorflow/models.git", True),
        ("%tensorflow_version 2.x", False),
        ("!pip install tensorflow", False),
        ("!pip install 'tensorflow>=1.15'", False),
        ("!pip install tensorflow==2.16.1", False),
        ("!pip install tensorflow-hub==0.12 tensorflow_datasets<2", False),
        ("!echo tensorflow==1.15", False),
    ],
)
def test_what_installs_tensorflow_1_is_marked(tmp_path: Path, line: str, marked: bool) -> None:
    result = rewritten(tmp_path, line, IMPORTS, NET)
    first = sources_of(result)[0]
    assert first.endswith(line)
    assert first.startswith("# TODO(slimport): SLIM990") is marked
    assert result.report.left == int(marked)


def test_other_notebooks_are_not_touched(tmp_path: Path) -> None:
    sources = "!pip install tf_slim tensorflow==1.15", "import tensorflow as tf", "tf.ones(1)"
    assert not rewritten(tmp_path, *sources).outputs


# The file ---------------------------------------------------------------------------------------


def dumped(content: dict[str, Any], style: str) -> bytes:
    match style:
        case "tabs":
            text = json.dumps(content, indent="\t")
        case "one line":
            text = json.dumps(content, separators=(",", ":"))
        case "sorted":
            text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        case "crlf":
            text = json.dumps(content, indent=1).replace("\n", "\r\n") + "\r\n"
        case "bom":
            text = "\ufeff" + json.dumps(content, ensure_ascii=False)
        case "html":
            text = json.dumps(content, indent=2).replace("<", "\\u003c").replace(">", "\\u003e")
        case "odd":
            text = "\n " + json.dumps(content, indent=3, separators=(" , ", " : ")) + "\n\n"
        case _:
            raise AssertionError(style)
    return text.encode()


STYLES = ("tabs", "one line", "sorted", "crlf", "bom", "html", "odd")


def variants(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The same notebook with sources as one string, with keys in another order, of format 3."""
    strings = json.loads(json.dumps(content))
    for found in strings["cells"]:
        found["source"] = "".join(found["source"])
    swapped = {key: content[key] for key in reversed(content)}
    old = {"metadata": {"name": "é"}, "nbformat": 3, "nbformat_minor": 0}
    sheet = [
        {"input" if key == "source" else key: value for key, value in found.items()}
        | {"language": "python"}
        for found in content["cells"]
    ]
    return [content, strings, swapped, {**old, "worksheets": [{"cells": sheet, "metadata": {}}]}]


@pytest.mark.parametrize("style", STYLES)
def test_only_lines_that_change_are_written_anew(tmp_path: Path, style: str) -> None:
    old_net = f"# ä < b\n{NET}\n\n\nif 1 < 2 > 0:\n    y = net(slim.flatten('< \\u2028 é'))"
    flat = "keras.layers.Flatten()('< \\u2028 é')"
    new_net = f"# ä < b\n{NEW_NET}\n\n\nif 1 < 2 > 0:\n    y = net({flat})"
    old = variants(notebook("x = 'é'", IMPORTS, old_net))
    new = variants(notebook("x = 'é'", "import keras\nimport tensorflow as tf", new_net))
    for number, (before, after) in enumerate(zip(old, new, strict=True)):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "net.ipynb").write_bytes(dumped(before, style))
        result = rewrite_tree(folder)
        (data,) = (d for path, d in result.outputs.items() if path.suffix == ".ipynb")
        assert data == dumped(after, style)


def test_replacing_nothing_changes_no_byte() -> None:
    """Random notebooks in random styles; the program itself is given back."""
    drawn = random.Random(8)
    for _ in range(150):
        sources = [drawn.choice([*LINES, IMPORTS, NET, "é\t'\\\"<&"]) for _ in range(4)]
        content = drawn.choice(variants(notebook(*sources, IMPORTS)))
        data = dumped(content, drawn.choice(STYLES))
        found = read(Path("net.ipynb"), data)
        assert found is not None and found.original == data
        assert found.with_program(found.data) == data


def test_crlf_in_sources(tmp_path: Path) -> None:
    result = rewritten(tmp_path, IMPORTS.replace("\n", "\r\n"), NET.replace("\n", "\r\n"))
    assert sources_of(result) == [
        "import keras\r\nimport tensorflow as tf",
        NEW_NET.replace("\n", "\r\n"),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"cells": [ tf_slim', "cannot be read as a notebook"),
        (b'{"tf_slim": 1}', "it has no list of cells"),
        (b'["tf_slim"]', "cannot be read as a notebook"),
        (b'{"cells": [], "a": "tf_slim \xff"}', "cannot be decoded"),
        (b"[" * 100_000 + b"tf_slim", "cannot be read as a notebook"),
    ],
)
def test_broken_notebooks_fail_alone(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "broken.ipynb").write_bytes(data)
    result = rewritten(tmp_path, IMPORTS, NET)
    errors = {file.path: file.error for file in result.report.files}
    assert message in errors["broken.ipynb"]
    assert not errors["net.ipynb"]


def test_other_languages_are_not_read(tmp_path: Path) -> None:
    content = notebook("library(tf_slim)")
    content["metadata"] = {"kernelspec": {"language": "R", "name": "ir"}}
    assert read(Path("r.ipynb"), json.dumps(content).encode()) is None


# Places -----------------------------------------------------------------------------------------


def test_places(tmp_path: Path) -> None:
    result = rewritten(
        tmp_path, "%cd x\n!ls \\\n  -l\nimport tf_slim as slim", "slim.learning.tune(1, 2)"
    )
    (file,) = (f for f in result.report.files if f.path == "net.ipynb")
    (left,) = file.left
    assert left.place == "cell 3, line 1"
    lines = (tmp_path / "net.ipynb").read_text().split("\n")
    assert "tune" in lines[left.line - 1]
    assert left.new is not None and left.new.place == "cell 3, line 3"
    data = next(d for path, d in result.outputs.items() if path.suffix == ".ipynb")
    assert "tune" in data.decode().split("\n")[left.new.line - 1]
    (conv,) = (f for f in result.report.files if f.path == "net.ipynb")
    assert conv.functions == []


# The written module -----------------------------------------------------------------------------


def test_notebooks_below_get_a_loader(tmp_path: Path) -> None:
    package = tmp_path / "pkg"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "net.py").write_text(f"{IMPORTS}\n\n\n{NET}\n")
    scope = "with slim.arg_scope([slim.conv2d], stride=2):\n    net(tf.ones([1, 8, 8, 3]))"
    result = rewritten(tmp_path / "notebooks", f"{IMPORTS}\nfrom pkg.net import net", scope)
    result = rewrite_tree(tmp_path)
    assert "from scoped_layers import" in sources_of(result, "notebooks/net.ipynb")[0]
    written = {path.as_posix() for path in result.outputs if path.name == "scoped_layers.py"}
    assert written == {"scoped_layers.py", "notebooks/scoped_layers.py"}


def test_a_notebook_in_a_package_is_refused(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text("")
    result = rewritten(tmp_path, IMPORTS, NET + "\nslim.learning.tune(1, 2)")
    (file,) = (f for f in result.report.files if f.path == "net.ipynb")
    assert "give the folder above" in file.error
    assert not result.outputs


# Run --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_rewritten_notebook_runs_twice(tmp_path: Path) -> None:
    """A real kernel runs all cells, and all again; a layer that is made twice raises as in TF 1."""
    import nbformat
    from nbclient import NotebookClient

    net = (
        "def net(x):\n    with slim.arg_scope([slim.conv2d], "
        "weights_initializer=tf.ones_initializer()):\n        x = slim.conv2d(x, 2, [3, 3], "
        "scope='a')\n        return slim.conv2d(x, 2, [3, 3], scope='b')"
    )
    built = (
        "%%time\ntf.reset_default_graph()\nx = tf.placeholder(tf.float32, [None, 4, 4, 1])\n"
        "y = net(x)\ntry:\n    net(x)\nexcept ValueError:\n    print('twice')"
    )
    ran = (
        "with tf.Session() as sess:\n    sess.run(tf.global_variables_initializer())\n"
        "    %time out = sess.run(y, {x: np.ones([1, 4, 4, 1])})\nprint(out.sum())"
    )
    imports = f"%matplotlib inline\nimport numpy as np\n{IMPORTS}"
    result = rewritten(tmp_path, "!pip install tf_slim", imports, net, built, ran)
    for path, data in result.outputs.items():
        (tmp_path / path).write_bytes(data)
    read_back = nbformat.read(tmp_path / "net.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    again = nbformat.from_dict(json.loads(json.dumps(read_back)))  # type: ignore[no-untyped-call]
    read_back.cells += again.cells
    for found in read_back.cells:
        found.pop("id", None)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(read_back, timeout=300, kernel_name="python3", resources=resources).execute()
    printed = [
        output.text
        for found in read_back.cells
        if found.cell_type == "code"
        for output in found.outputs
        if output.get("name") == "stdout"
    ]
    text = "".join(printed)
    # 3x3 windows of ones over 4x4: 2 channels of 2, the squares of 4, 6 and 9 neighbours.
    assert text.count(f"{4 * (4 * 16 + 8 * 36 + 4 * 81)}.0") == 2
    assert text.count("twice") == 2


# The written module in a cell ---------------------------------------------------------------------

SCOPED = (
    "def net(x, n):\n    for i in range(n):\n        x = slim.conv2d(x, 8, 3, scope='c%d' % i)\n"
    "    return x"
)
CARRYING = Options(module_cell=True)


def written(folder: Path, *sources: str, options: Options = CARRYING, **form: Any) -> list[str]:
    """Rewrites a notebook in its place; the sources of its cells afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "net.ipynb"
    if sources:
        file.write_text(json.dumps(notebook(*sources) | form, indent=1), encoding="utf-8")
    result = rewrite_tree(folder, options)
    assert not result.report.failed, result.report.failed
    for path, data in result.outputs.items():
        (folder / path).write_bytes(data)
    return [found.source.text for found in scan(file.read_text("utf-8")).cells]


def test_a_notebook_that_comes_alone_carries_the_written_module(tmp_path: Path) -> None:
    first, *rest = written(tmp_path, IMPORTS, SCOPED)
    assert first.startswith('%%writefile scoped_layers.py\n"""')
    assert "def conv2d(" in first
    assert rest[0] == "import tensorflow as tf\n\nfrom scoped_layers import conv2d"
    assert [path.name for path in tmp_path.iterdir()] == ["net.ipynb"]
    new = json.loads((tmp_path / "net.ipynb").read_text("utf-8"))
    assert [c["cell_type"] for c in new["cells"]] == ["markdown", "code", "code", "code"]
    assert "id" not in new["cells"][1], "cells of format 4.4 have none"


@pytest.mark.parametrize("options", [CARRYING, Options()])
def test_its_second_run_changes_nothing(tmp_path: Path, options: Options) -> None:
    written(tmp_path, IMPORTS, SCOPED)
    once = (tmp_path / "net.ipynb").read_bytes()
    written(tmp_path, options=options)
    assert (tmp_path / "net.ipynb").read_bytes() == once
    assert [path.name for path in tmp_path.iterdir()] == ["net.ipynb"]


@pytest.mark.parametrize("options", [CARRYING, Options()])
def test_the_cell_is_written_anew_where_it_has_to_hold_more(
    tmp_path: Path, options: Options
) -> None:
    written(tmp_path, IMPORTS, SCOPED)
    file = tmp_path / "net.ipynb"
    new = json.loads(file.read_text("utf-8"))
    more = f"import tf_slim as slim\n{SCOPED.replace('conv2d', 'fully_connected')}"
    new["cells"].append(cell(more))
    file.write_text(json.dumps(new, indent=1), encoding="utf-8")
    first, *_ = written(tmp_path, options=options)
    assert "def conv2d(" in first
    assert "def fully_connected(" in first
    assert not (tmp_path / "scoped_layers.py").exists()
    assert first.count("%%writefile") == file.read_text("utf-8").count("%%writefile") == 1


def test_an_edited_cell_is_kept_or_refused(tmp_path: Path) -> None:
    written(tmp_path, IMPORTS, SCOPED)
    file = tmp_path / "net.ipynb"
    new = json.loads(file.read_text("utf-8"))
    new["cells"][1]["source"].append("# mine")
    new["cells"].append(cell("import tf_slim as slim\nslim.learning.tune(1, 2)"))
    file.write_text(json.dumps(new, indent=1), encoding="utf-8")
    result = rewrite_tree(tmp_path, CARRYING)
    (failed,) = result.report.failed
    assert "the cell that carries the written module is not as slimport wrote it" in failed.error
    assert not result.outputs


def test_a_module_that_others_need_too_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "deep.py").write_text(f"import tf_slim as slim\n{SCOPED}\n", "utf-8")
    first, *_ = written(tmp_path, f"{IMPORTS}\nimport deep", SCOPED)
    assert "%%writefile" not in first
    assert (tmp_path / "scoped_layers.py").exists()


FORMS: dict[str, dict[str, Any]] = {
    "jupyter": {"indent": 1},
    "colab": {"indent": 2, "ensure_ascii": False},
    "one line": {},
    "compact": {"separators": (",", ":")},
    "tabs": {"indent": "\t"},
}


@pytest.mark.parametrize("style", FORMS)
def test_the_cell_has_the_style_of_the_file(tmp_path: Path, style: str) -> None:
    nbformat = pytest.importorskip("nbformat")
    content = notebook(IMPORTS, SCOPED) | {"nbformat_minor": 5, "metadata": {}}
    for number, part in enumerate(content["cells"]):
        part["id"] = f"scoped-layers{number or ''}"
    file = tmp_path / "net.ipynb"
    file.write_text(json.dumps(content, **FORMS[style]), encoding="utf-8")
    written(tmp_path)
    new = file.read_text("utf-8")
    assert json.dumps(json.loads(new), **FORMS[style]) == new
    nbformat.validate(json.loads(new), version=4)
    assert json.loads(new)["cells"][1]["id"] == "scoped-layers-", "the id was taken"
