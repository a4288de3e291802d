"""Random networks in several files, which the old side can run: see `nets` for what is in them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random

from tests.fuzz.nets import HELPER, IMPORTS, TOLD, Writer, respelled

_LAYOUTS = ("flat", "package", "package", "nested", "namespace", "roots")
_SCRIPT = """

def main(_):
    images = tf.placeholder(tf.float32, [8, 17, 15, 3])
    network, _ = {net}(images)
    loss = tf.losses.mean_squared_error(tf.zeros_like(network), network)
    train_op = slim.learning.create_train_op(loss, tf.train.GradientDescentOptimizer(0.1))
    slim.learning.train(train_op, 'logs', number_of_steps=10)


if __name__ == '__main__':
    tf.app.run()
"""
_CLASS = """class {name}(object):
    def __init__(self, is_training):
        self.is_training = is_training

    def build(self, net):
        is_training = self.is_training
        end_points = {{}}
        {scope}
{body}
"""


@dataclass
class _File:
    """A file on its way: what it defines, and the lines above that.

    Attributes:
        parts: its dotted name as others import it.
        gives: names that others may import from it.
    """

    parts: tuple[str, ...]
    path: str
    gives: list[str] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
    body: str = ""

    @property
    def dotted(self) -> str:
        return ".".join(self.parts)

    def text(self) -> str:
        return "\n".join(self.head) + "\n\n" + self.body.strip("\n") + "\n"


class Package:
    """Writes one program of several files; ``main{tag}.py`` has ``net(images, is_training)``.

    Args:
        choice: where its random choices come from.
        tag: the end of all names of files and packages, so that many programs can share a folder.
    """

    def __init__(self, choice: Random, tag: str = "") -> None:
        self._choice = choice
        self._tag = tag
        self._plain = choice.random() < 0.5
        self._layout = choice.choice(_LAYOUTS)
        self._top = f"{choice.choice(('models', 'lib', 'slim_nets'))}{tag}"
        self._files: list[_File] = []
        self._shared: _File | None = None
        self._inits: dict[str, str] = {}
        self._exported: set[str] = set()

    def files(self) -> dict[str, str]:
        """Their texts, by paths relative to the root."""
        if self._chance(0.5):
            self._write_shared()
        scopes = self._write_scopes() if self._chance(0.8) else None
        block = self._write_block() if not self._plain and self._chance(0.5) else None
        nets = [self._write_net(name, block) for name in ("first", "second")]
        if self._layout in ("package", "nested") and self._chance(0.6):
            self._re_export()
        main = self._write_main(nets, scopes)
        if self._chance(0.3):
            self._write_script(main)
        found = {file.path: file.text() for file in self._files} | self._inits
        if self._chance(0.3):  # of the same name as one of a package, and about something else
            clash = self._choice.choice([file.parts[-1] for file in self._files])
            found.setdefault(f"{clash}.py", "def scoped(x):\n    return x + 1\n\n\nslim = None\n")
        return found

    # Files -------------------------------------------------------------------------------------

    def _new(self, name: str, folder: str) -> _File:
        name = f"{name}{self._tag}"
        if self._layout == "flat" or not folder:
            parts: tuple[str, ...] = (name,)
        elif self._layout == "nested":
            parts = (self._top, folder, name)
        else:
            parts = (self._top, name)
        file = _File(parts, "/".join(parts) + ".py")
        if self._layout == "roots":
            file.parts = (name,)
        elif self._layout in ("package", "nested"):
            for at in range(1, len(parts)):
                self._inits.setdefault("/".join((*parts[:at], "__init__.py")), "")
        self._files.append(file)
        return file

    def _write_shared(self) -> None:
        """A file that gives others `slim` and `tf`."""
        file = self._new("common", "tools")
        file.head.append(self._choice.choice(IMPORTS))
        file.gives += ["slim", "tf"]
        file.body = "WEIGHT_DECAY = 0.0005"
        self._shared = file

    def _write_scopes(self) -> _File:
        file = self._new("scopes", "tools")
        slim, tf = self._libraries(file)
        file.gives.append("net_scope")
        writer = Writer(self._choice, self._plain)
        file.body = self._spelled(writer.scope_function("net_scope"), slim, tf)
        return file

    def _write_block(self) -> _File:
        file = self._new("blocks", "tools")
        slim, tf = self._libraries(file)
        file.gives.append("block")
        file.body = self._spelled(HELPER, slim, tf)
        return file

    def _write_net(self, name: str, block: _File | None) -> _File:
        file = self._new(f"{name}_net", "nets")
        slim, tf = self._libraries(file)
        called = self._named(file, block, "block") if block and self._chance(0.6) else ""
        writer = Writer(self._choice, self._plain, flat=False, block=called)
        scope = f"with tf.variable_scope('{name}'):" if self._chance(0.5) else "if True:"
        count = self._choice.randint(1, 4)
        if self._chance(0.25):
            file.gives.append(f"{name.title()}Net")
            text = _CLASS.format(name=file.gives[0], scope=scope, body=writer.part(count, 3))
            file.body = self._spelled(self._whole(writer, text), slim, tf)
            return file
        file.gives.append(name)
        body = writer.part(count, 2)
        text = f"def {name}(net, is_training=True):\n    end_points = {{}}\n    {scope}\n{body}\n"
        file.body = self._spelled(self._whole(writer, text), slim, tf)
        if self._chance(0.3):
            file.body += f"\n\n{name}.default_image_size = 17\n"
        return file

    def _whole(self, writer: Writer, text: str) -> str:
        """A text with the functions that it calls."""
        return respelled(f"{writer.above()}\n\n\n{text}", self._choice)

    def _write_main(self, nets: list[_File], scopes: _File | None) -> _File:
        file = self._new("main", "")
        if self._layout == "roots":
            where = f"os.path.join(os.path.dirname(os.path.abspath(__file__)), '{self._top}')"
            file.head += ["import os", "import sys", "", f"sys.path.insert(0, {where})"]
        slim, tf = self._libraries(file)
        file.gives.append("net")
        lines, deep = ["    net = images"], " " * 4
        around = [TOLD]
        if scopes is not None:
            given = self._choice.choice(("is_training", "is_training=is_training"))
            opened = f"{self._named(file, scopes, 'net_scope')}({given})"
            around.append(f"slim.arg_scope({opened})")
            if self._chance(0.3):  # it closes over the scopes of its place: none yet
                lines.append(f"    scope = {opened}")
                around = ["slim.arg_scope(scope)", TOLD]
        for opened in around:
            lines.append(f"{deep}with {opened}:")
            deep += " " * 4
        calls = [self._call(file, net) for net in nets]
        if self._chance(0.2) and not any(net.gives[0].endswith("Net") for net in nets):
            items = ", ".join(f"'{at}': {called}" for at, (called, _) in enumerate(calls))
            file.body = f"NETS = {{{items}}}\n\n\n"
            calls = [(f"NETS['{at}']", given) for at, (_, given) in enumerate(calls)]
        for at, (called, given) in enumerate(calls):
            lines.append(f"{deep}with tf.variable_scope('part{at}'):")
            lines.append(f"{deep}    net = {called}{given}")
        lines.append("    return net, {'last': net}")
        text = "def net(images, is_training=True):\n" + "\n".join(lines) + "\n"
        file.body = self._spelled(file.body + text, slim, tf)
        return file

    def _call(self, file: _File, net: _File) -> tuple[str, str]:
        """What is called, and with what."""
        name = self._named(file, net, net.gives[0])
        if net.gives[0].endswith("Net"):
            return name, "(is_training).build(net)"
        return name, self._choice.choice(("(net, is_training)", "(net, is_training=is_training)"))

    def _write_script(self, main: _File) -> None:
        file = self._new("train", "")
        slim, tf = self._libraries(file)
        net = self._named(file, main, "net")
        file.body = self._spelled(_SCRIPT.format(net=net), slim, tf)

    def _re_export(self) -> None:
        """The package's own file takes names of its modules, in the order of these."""
        lines = []
        for file in self._files:
            if file.parts[0] == self._top and self._chance(0.7):
                module = ".".join(file.parts[1:])
                names = "*" if self._chance(0.4) else ", ".join(file.gives)
                base = f".{module}" if self._chance(0.6) else file.dotted
                lines.append(f"from {base} import {names}")
                self._exported |= {*file.gives}
        self._inits[f"{self._top}/__init__.py"] = "\n".join(lines) + "\n"

    # Names of other files ----------------------------------------------------------------------

    def _libraries(self, file: _File) -> tuple[str, str]:
        """How a file calls slim and TensorFlow; its imports are written."""
        if self._shared is None or self._chance(0.4):
            file.head.append(self._choice.choice(IMPORTS))
            return "slim", "tf"
        slim = self._named(file, self._shared, "slim")
        return slim, self._named(file, self._shared, "tf")

    def _named(self, file: _File, other: _File, name: str) -> str:
        """Imports a name of another file in some way; what it is called by."""
        line, called = self._choice.choice(self._forms(file, other, name))
        if line not in file.head:
            file.head.append(line)
        return called

    def _forms(self, file: _File, other: _File, name: str) -> list[tuple[str, str]]:
        """Lines that import it, each with what it is called by."""
        stem, dotted, parent = other.parts[-1], other.dotted, ".".join(other.parts[:-1])
        forms = [
            (f"from {dotted} import {name}", name),
            (f"from {dotted} import {name} as {name}_", f"{name}_"),
            (f"import {dotted}", f"{dotted}.{name}"),
            (f"import {dotted} as {stem}_", f"{stem}_.{name}"),
            (f"from {dotted} import *", name),
            (f"try:\n    from {dotted} import {name}\nexcept ImportError:\n"
             f"    from {stem} import {name}", name),
        ]  # fmt: skip
        if parent:
            forms.append((f"from {parent} import {stem}", f"{stem}.{name}"))
        if name in self._exported:
            forms += 2 * [
                (f"from {self._top} import {name}", name),
                (f"import {self._top}", f"{self._top}.{name}"),
            ]
        shared = _shared(file.parts[:-1], other.parts[:-1])
        if shared:
            dots = "." * (len(file.parts) - shared)
            module, folder = ".".join(other.parts[shared:]), ".".join(other.parts[shared:-1])
            forms += 2 * [
                (f"from {dots}{module} import {name}", name),
                (f"from {dots}{module} import *", name),
                (f"from {dots}{folder} import {stem}", f"{stem}.{name}"),
            ]
        return forms

    # Words -------------------------------------------------------------------------------------

    def _chance(self, of: float) -> bool:
        return self._choice.random() < of

    @staticmethod
    def _spelled(text: str, slim: str, tf: str) -> str:
        text = re.sub(r"(?<![\w.])slim\.", f"{slim}.", text)
        return re.sub(r"(?<![\w.])tf\.", f"{tf}.", text)


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How many packages from the top on are the same."""
    count = 0
    while count < min(len(one), len(other)) and one[count] == other[count]:
        count += 1
    return count


def package(seed: int, tag: str = "") -> dict[str, str]:
    """The texts of the files of one random program, by path."""
    return Package(Random(seed), tag).files()
