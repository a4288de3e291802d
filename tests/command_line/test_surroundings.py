"""A file that is given by name is read with its program, and the rest of that is not written."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath

import pytest
from click.testing import CliRunner, Result

from slimport.cli import main
from slimport.files.surroundings import Imports, candidates, imported_names, root_of, speaks

NET = "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(x, 8, 3, scope='c')\n"
#: Puts the net of the other file under a scope: as a program of its own it would look closed.
CALLER = (
    "import tf_slim as slim\nfrom nets import foo\n\n\ndef main(x):\n"
    "    with slim.arg_scope([slim.conv2d], activation_fn=None):\n        return foo.net(x)\n"
)
#: The same with slim gone already.
MIGRATED = (
    "from scoped_layers import conv2d, layer_defaults\nfrom nets import foo\n\n\ndef main(x):\n"
    "    with layer_defaults([conv2d], activation=None):\n        return foo.net(x)\n"
)
PLAIN, SCOPED = "keras.layers.Conv2D(", "    return conv2d(x, 8, 3, name='c')\n"


def run(*arguments: object, input: str | None = None) -> Result:
    return CliRunner().invoke(main, ["rewrite", *map(str, arguments)], input=input)


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def committed(folder: Path) -> Path:
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "x")
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "__init__.py").write_text("")
    (tmp_path / "nets" / "foo.py").write_text(NET)
    (tmp_path / "train.py").write_text(CALLER)
    return tmp_path


def test_alone_the_net_would_be_closed(tree: Path) -> None:
    """The fault itself: without the caller the layer becomes plain, with its ReLU."""
    (tree / "train.py").unlink()
    run(tree / "nets" / "foo.py")
    assert PLAIN in (tree / "nets" / "foo.py").read_text()


@pytest.mark.parametrize("in_git", [True, False])
@pytest.mark.parametrize("what", ["nets/foo.py", "nets"])
def test_a_scope_in_a_file_that_is_not_given_counts(tree: Path, what: str, in_git: bool) -> None:
    if in_git:
        committed(tree)
    elif what == "nets":
        (tree / "pyproject.toml").write_text("[tool.slimport]\n")
    done = run("--diff", tree / what)
    assert "+    return conv2d(x, 8, 3, name='c')" in done.stdout
    assert PLAIN not in done.stdout


def test_half_a_program_is_not_written(tree: Path) -> None:
    done = run(tree / "nets" / "foo.py")
    assert done.exit_code == 2
    assert "train.py" in done.stderr and "--alone" in done.stderr
    assert (tree / "nets" / "foo.py").read_text() == NET
    assert not (tree / "scoped_layers.py").exists()


def test_check_says_so_in_a_note(tree: Path) -> None:
    done = run("--check", tree / "nets" / "foo.py")
    assert done.exit_code == 1
    assert "train.py" in done.stderr


def test_alone_writes_it_open(tree: Path) -> None:
    done = run("--alone", tree / "nets" / "foo.py")
    assert done.exit_code == 0
    assert (tree / "nets" / "foo.py").read_text().endswith(SCOPED)
    assert (tree / "train.py").read_text() == CALLER
    assert "train.py: share a program" in done.stderr.replace("\n", " ")
    assert (tree / "scoped_layers.py").exists(), "where the program starts its imports"


def test_all_files_by_name_are_one_program(tree: Path) -> None:
    done = run(tree / "train.py", tree / "nets" / "foo.py")
    assert done.exit_code == 0, done.output
    assert (tree / "nets" / "foo.py").read_text().endswith(SCOPED)
    assert "layer_defaults" in (tree / "train.py").read_text()


def test_a_new_file_in_a_migrated_tree_is_written(tree: Path) -> None:
    run(tree)
    (tree / "nets" / "foo.py").write_text(NET)
    done = run(tree / "nets" / "foo.py")
    assert done.exit_code == 0, done.output
    assert (tree / "nets" / "foo.py").read_text().endswith(SCOPED)


def test_names_that_other_files_import_stay_in_the_written_module(tree: Path) -> None:
    """Files that have nothing to do with the one that is given import the module, too."""
    (tree / "other.py").write_text(
        "import tf_slim as slim\n\n\ndef other(x, layer):\n"
        "    with slim.arg_scope([slim.max_pool2d], stride=2):\n        return layer(x)\n"
        "\n\ndef pools(x):\n    return other(x, slim.max_pool2d)\n"
    )
    run(tree)
    before = (tree / "scoped_layers.py").read_text()
    assert '"max_pool2d"' in before
    (tree / "nets" / "foo.py").write_text(NET.replace("slim.conv2d", "slim.fully_connected"))
    (tree / "train.py").unlink()
    (tree / "nets" / "more.py").write_text(CALLER.replace("conv2d", "fully_connected"))
    assert run(tree / "nets" / "foo.py", tree / "nets" / "more.py").exit_code == 0
    after = (tree / "scoped_layers.py").read_text()
    assert '"max_pool2d"' in after and '"fully_connected"' in after


def test_stdin_belongs_where_its_name_is(tree: Path) -> None:
    done = run("-", "--stdin-filename", tree / "nets" / "foo.py", input=NET)
    assert done.exit_code == 0
    assert done.stdout.endswith(SCOPED)
    assert "train.py" in done.stderr
    assert (tree / "nets" / "foo.py").read_text() == NET, "nothing is written"
    assert not (tree / "scoped_layers.py").exists()


def test_stdin_counts_in_the_place_of_the_file(tree: Path) -> None:
    closed = CALLER.replace("    with slim.arg_scope([slim.conv2d], activation_fn=None):\n        ",
                            "    ")  # fmt: skip
    done = run("-", "--stdin-filename", tree / "train.py", input=closed)
    assert "import tf_slim" not in done.stdout and "arg_scope" not in done.stdout
    net = run("--diff", tree / "nets" / "foo.py")
    assert PLAIN not in net.stdout, "on the disk the scope is still there"


def test_an_excluded_caller_counts_and_stays(tree: Path) -> None:
    done = run("--exclude", "train.py", tree)
    assert done.exit_code == 0, done.output
    assert (tree / "nets" / "foo.py").read_text().endswith(SCOPED)
    assert (tree / "train.py").read_text() == CALLER
    assert "train.py" in done.stderr


def test_exclude_holds_for_names_only_by_force(tree: Path) -> None:
    both = (tree / "train.py", tree / "nets" / "foo.py")
    assert run("--check", "--exclude", "nets/", *both).exit_code == 1
    done = run("--check", "--exclude", "*.py", "--force-exclude", *both)
    assert done.exit_code == 0
    (tree / "pyproject.toml").write_text(
        "[tool.slimport]\nextend-exclude = ['*.py']\nforce-exclude = true\n"
    )
    assert run("--check", *both).exit_code == 0
    assert run("--check", "--no-force-exclude", *both).exit_code == 1


def test_a_caller_that_cannot_be_read_makes_what_it_names_open(tree: Path) -> None:
    (tree / "train.py").write_text(CALLER + "def broken(:\n")
    done = run("--diff", tree / "nets" / "foo.py")
    assert done.exit_code == 1, "it is not a given file"
    assert "+    return conv2d(x, 8, 3, name='c')" in done.stdout
    assert "train.py" in done.stderr


def test_several_folders_without_a_common_import_each_get_a_module(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "foo.py").write_text(NET.replace("net", name))
        (tmp_path / name / "run.py").write_text(
            CALLER.replace("from nets import foo", "import foo").replace(".net", f".{name}")
        )
    committed(tmp_path)
    done = run(tmp_path / "one", tmp_path / "two")
    assert done.exit_code == 0, done.output
    texts = [(tmp_path / name / "scoped_layers.py").read_text() for name in ("one", "two")]
    assert all("This file was written by slimport" in text for text in texts)


def test_several_folders_of_one_program_share_the_module(tree: Path) -> None:
    (tree / "scripts").mkdir()
    (tree / "train.py").rename(tree / "scripts" / "train.py")
    committed(tree)
    done = run(tree / "nets", tree / "scripts")
    assert done.exit_code == 0, done.output
    assert (tree / "nets" / "foo.py").read_text().endswith(SCOPED)
    modules = sorted(path.relative_to(tree).as_posix() for path in tree.rglob("scoped_layers.py"))
    real = [m for m in modules if "written by slimport" in (tree / m).read_text()]
    assert len(real) == 1, modules


def test_out_of_one_folder_regards_the_others(tree: Path, tmp_path: Path) -> None:
    committed(tree)
    out = tmp_path.parent / f"{tmp_path.name}-new"
    done = run(tree / "nets", "--out", out)
    assert done.exit_code == 0
    assert "train.py) and are not in the copy: give the folder that holds all" in done.stderr
    assert "slimport verify" not in done.stderr
    assert (out / "foo.py").read_text().endswith(SCOPED)
    assert sorted(p.name for p in out.iterdir()) == ["__init__.py", "foo.py", "scoped_layers.py"]
    assert not (tree / "scoped_layers.py").exists()


def test_a_git_tree_with_changes_is_not_written_over(tree: Path) -> None:
    committed(tree)
    (tree / "nets" / "foo.py").write_text(NET + "# mine\n")
    done = run(tree)
    assert done.exit_code == 2
    assert "foo.py" in done.stderr and "--allow-dirty" in done.stderr
    assert (tree / "train.py").read_text() == CALLER, "nothing is written at all"
    assert not (tree / "scoped_layers.py").exists()
    assert run("--check", tree).exit_code == 1, "nothing would be written"
    assert run("--allow-dirty", tree).exit_code == 0
    assert "# mine" in (tree / "nets" / "foo.py").read_text()


def test_changes_to_other_files_are_no_matter(tree: Path) -> None:
    committed(tree)
    (tree / "readme.py").write_text("# mine\n")
    assert run(tree).exit_code == 0


def test_a_file_that_loads_others_by_made_up_names_belongs_to_all(tmp_path: Path) -> None:
    """It restores variables of whatever network it is told: they may be those of layers."""
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "plain.py").write_text("x = 1\n")
    (tmp_path / "show.py").write_text(
        "import importlib\nimport tensorflow as tf\n\n\ndef main(name):\n"
        "    network = importlib.import_module(name)\n"
        "    logits = network.inference(tf.placeholder(tf.float32))\n"
        "    saver = tf.train.Saver(tf.global_variables())\n"
        "    with tf.Session() as session:\n        saver.restore(session, name)\n"
        "        session.run(logits)\n"
    )
    committed(tmp_path)
    imports = Imports(tmp_path, candidates(tmp_path, (".py",)))
    assert len(imports.connected([PurePosixPath("show.py")])) == 3
    assert imports.connected([PurePosixPath("net.py")]) == {PurePosixPath("net.py")}
    done = run("--diff", tmp_path / "show.py")
    assert "import Saver" in done.stdout
    (tmp_path / "plain.py").write_text("x = 1  # slimport: ignore[SLIM101]\n")
    assert len(imports.connected([PurePosixPath("net.py")])) == 3, "it may be held"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import a, b.c as d\n", ["a", "b.c", "as", "d"]),
        ("from .. import x", ["..x"]),
        ("from .a.b import (x,  # y)\n    z)\n", [".a.b.x", ".a.b.z"]),
        ("from a \\\n    import x\n", ["a.x"]),
        ("import a; import b\n", ["a", "b"]),
        ("try: import a\nexcept E: from b import *\n", ["a", "b.*"]),
        ("raise A from error\nimport b\n", ["b"]),
        ('"""Of the import.\n"""\nimport a\n', ["a"]),
    ],
)
def test_import_statements_are_read(text: str, names: list[str]) -> None:
    found = list(imported_names(text.encode()))
    assert set(names) <= set(found)


def test_imports_are_those_of_the_index() -> None:
    """The regular expression and the syntax tree agree about the fixtures."""
    from slimport.index.program import Program
    from slimport.rewrite.extent import whole
    from slimport.verify.case_files.entries import read_program

    root = Path(__file__).resolve().parents[2] / "fixtures" / "legacy"
    program: Program = read_program(root)
    imports = Imports(root, candidates(root, (".py",)))
    assert whole(root).given >= {module.path for module in program.modules}
    for module, targets in program.imports.items():
        assert {target.path for target in targets} <= imports.of(module.path), module.path


def test_roots(tmp_path: Path) -> None:
    package = tmp_path / "src" / "pkg" / "sub"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").write_text("")
    file = package / "a.py"
    file.write_text("")
    assert root_of(file) == tmp_path / "src", "above the topmost package"
    assert root_of(package) == package, "a folder is a program of its own"
    (tmp_path / ".git").mkdir()
    assert root_of(file) == root_of(package) == tmp_path
    assert root_of(file, tmp_path / "src") == tmp_path / "src"
    assert root_of(file, tmp_path / "other") == tmp_path


def test_only_a_comment_makes_any_file_that_loads_others_one_of_the_program(tree: Path) -> None:
    """A tool's own tests hold such comments in texts."""
    (tree / "other.py").write_text("import importlib\nimportlib.import_module(name)\n")
    (tree / "texts.py").write_text("TEXT = 'net(x)  # slimport: ignore[SLIM101]'\n")
    paths = candidates(tree, (".py",))
    given = {PurePosixPath("train.py")}
    apart = Imports(tree, paths).connected(given)
    assert PurePosixPath("other.py") not in apart and PurePosixPath("nets/foo.py") in apart
    (tree / "texts.py").write_text("net(x)  # slimport: ignore[SLIM101]\n")
    assert Imports(tree, paths).connected(given) == set(paths)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.py", "x = 1  # slimport: ignore[SLIM101]\n", True),
        ("a.py", "# SLIMPORT:ignore-file\n", True),
        ("a.py", "x = '''\n# slimport: ignore\n'''\n", False),
        ("a.py", "# see slimport: what it ignores\n", False),
        ("a.py", "x = '''  # slimport: ignore\n", True),  # it has no end
        ("a.ipynb", '{"source": ["x = 1  # slimport: ignore\\n"]}', True),
    ],
)
def test_comments_that_keep_something_back(name: str, text: str, says: bool) -> None:
    assert speaks(PurePosixPath(name), text.encode()) == says
