"""Who follows a call chain reads file by file: no call leads back into a file that he left.

The walk reads every function once, in the order of the calls. A file is left when its functions
were read and the walk is elsewhere; it is returned to by a call from another file than the one that
led there first. Plain data (frozen dataclasses, values, states), and the words that all speak
in, are no places to read.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pytest

from tests.architecture.repository_files import python_files, text_of

VOCABULARY = frozenset({"services.matching.solver.arrays", "services.matching.solver.interface"})
DATA_BASES = frozenset({"Value", "State", "TypedDict", "Protocol", "NamedTuple", "Enum", "StrEnum"})


@dataclass(frozen=True, slots=True)
class Place:
    """A function, or with a dot a method, of a module."""

    module: str
    name: str


@dataclass(slots=True)
class Code:
    """Modules below a package: their functions, their classes, what their names mean."""

    functions: dict[Place, ast.FunctionDef | ast.AsyncFunctionDef] = field(default_factory=dict)
    classes: dict[Place, ast.ClassDef] = field(default_factory=dict)
    names: dict[str, dict[str, Place]] = field(default_factory=dict)

    @classmethod
    def read(cls, *sources: tuple[str, str]) -> "Code":
        """Of (module, source)."""
        code, trees = cls(), {module: ast.parse(source) for module, source in sources}
        for module, tree in trees.items():
            for node in tree.body:
                code._add(module, node)
        for module, tree in trees.items():
            code.names[module] = {
                place.name: place
                for place in (*code.functions, *code.classes)
                if place.module == module and "." not in place.name
            }
            for part in ast.walk(tree):
                if isinstance(part, ast.ImportFrom) and part.module:
                    code._import(module, part, trees)
        return code

    def _add(self, module: str, node: ast.stmt) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self.functions[Place(module, node.name)] = node
        if isinstance(node, ast.ClassDef):
            self.classes[Place(module, node.name)] = node
            for member in node.body:
                if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef):
                    self.functions[Place(module, f"{node.name}.{member.name}")] = member

    def _import(self, module: str, node: ast.ImportFrom, trees: dict[str, ast.Module]) -> None:
        assert node.module is not None
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            place = Place(whole, "") if whole in trees else Place(node.module, alias.name)
            if place.module in trees:
                self.names[module][alias.asname or alias.name] = place

    def is_data(self, place: Place) -> bool:
        """Whether the class, or the class of the method, is plain data."""
        node = self.classes.get(Place(place.module, place.name.split(".")[0]))
        if node is None:
            return False
        bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
        decorators = "".join(ast.dump(decorator) for decorator in node.decorator_list)
        return bool(bases & DATA_BASES) or "arg='frozen'" in decorators

    def list_calls(self, caller: Place) -> Iterator[Place]:
        """Functions that it names, in order; methods where the object's class is plain to see."""
        node, names = self.functions[caller], self.names[caller.module]
        owner = self.names[caller.module].get(caller.name.split(".")[0])
        objects = {} if owner is None or "." not in caller.name else {"self": owner}
        objects |= self._find_objects(node, names)
        for part in _read_in_order(node.body):
            place = None
            if isinstance(part, ast.Name):
                place = names.get(part.id)
            elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
                holder = objects.get(part.value.id) or names.get(part.value.id)
                if holder is not None:
                    prefix = f"{holder.name}." if holder.name else ""
                    place = Place(holder.module, prefix + part.attr)
            if place in self.classes:
                place = Place(place.module, f"{place.name}.__init__")
            if place in self.functions:
                yield place

    def _find_objects(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, names: dict[str, Place]
    ) -> dict[str, Place]:
        """Names whose class an annotation or a construction says."""
        objects: dict[str, Place] = {}
        for argument in (*node.args.args, *node.args.kwonlyargs):
            if isinstance(argument.annotation, ast.Name) and argument.annotation.id in names:
                objects[argument.arg] = names[argument.annotation.id]
        for part in ast.walk(node):
            if not isinstance(part, ast.Assign) or not isinstance(part.value, ast.Call):
                continue
            maker, target = part.value.func, part.targets[0]
            if isinstance(maker, ast.Attribute):  # a constructor of its class, as in Journal.open()
                maker = maker.value
            if isinstance(maker, ast.Name) and isinstance(target, ast.Name) and maker.id in names:
                objects[target.id] = names[maker.id]
        return {name: place for name, place in objects.items() if place in self.classes}


def _read_in_order(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    for node in nodes:
        yield node
        yield from _read_in_order(ast.iter_child_nodes(node))


def find_returns(code: Code, entry: Place, vocabulary: frozenset[str] = VOCABULARY) -> list[str]:
    """The calls that lead back into a file that was left."""
    seen: set[Place] = set()
    parents: dict[str, str] = {}
    returns: dict[str, None] = {}

    def follow(place: Place, caller: Place | None) -> None:
        if place.module in vocabulary or code.is_data(place):
            return
        if caller is not None and place.module != caller.module:
            parent = parents.setdefault(place.module, caller.module)
            if parent != caller.module:
                callee = f"{place.module}.{place.name}"
                returns[f"{caller.module}.{caller.name} -> {callee}"] = None
        if place not in seen:
            seen.add(place)
            for called in code.list_calls(place):
                follow(called, place)

    parents[entry.module] = ""
    follow(entry, None)
    return list(returns)


def read_service(service: str) -> Code:
    files = [f for f in python_files("services") if f.parts[1] == service]
    modules = (".".join(f.with_suffix("").parts).removesuffix(".__init__") for f in files)
    return Code.read(*zip(modules, map(text_of, files), strict=True))


@pytest.mark.parametrize(
    ("service", "module", "function"),
    [
        ("matching", "rounds.runner", "RoundRunner.run"),
        ("matching", "solver.solve", "MinCostFlow.decide"),
        ("audit", "decide.matches", "decide_accepted"),
    ],
)
def test_a_walk_returns_to_no_file_that_it_left(service: str, module: str, function: str) -> None:
    code = read_service(service)
    entry = Place(f"services.{service}.{module}", function)
    assert entry in code.functions
    returns = find_returns(code, entry)
    assert not returns, (
        "call it from the file that calls its module already, make it the data's own, or move it: "
        + "; ".join(returns)
    )


def test_a_return_is_found() -> None:
    code = Code.read(
        ("a", "from b import first\nfrom c import second\ndef start():\n    first()\n    second()"),
        ("b", "def first(): pass\ndef third(): pass"),
        ("c", "from b import third\nclass C:\n    def go(self): third()\ndef second(c: C): c.go()"),
    )
    assert find_returns(code, Place("a", "start")) == ["c.C.go -> b.third"]
    assert find_returns(code, Place("a", "start"), frozenset({"b"})) == []
