"""Files that run code where they are read carelessly, and files that are broken; each is written when it is asked for.

Whatever runs makes the file `canary`.
"""

import io
import os
import pickle
import struct
import tarfile
import zipfile
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from typing_extensions import override

from tests.hostile import tiny

Write = Callable[[Path, Path], object]
"""Writes a file; the second path is that of the canary."""


class Call:
    """Pickled as a call; what is called, and with what, may be calls too."""

    def __init__(self, function: Any, *values: Any) -> None:
        self.function, self.values = function, values

    def __call__(self) -> None: ...  # pickle wants a callable

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        return self.function, self.values


def by_system(canary: Path) -> Call:
    return Call(os.system, f"touch {canary}")


def by_exec(canary: Path) -> Call:
    return Call(exec, f"open({str(canary)!r}, 'w')")


def by_getattr(canary: Path) -> Call:
    return Call(Call(getattr, Call(__import__, "os"), "system"), f"touch {canary}")


CALLS: Final[dict[str, Callable[[Path], Call]]] = {"system": by_system, "exec": by_exec, "getattr": by_getattr}


def zipped(call: Callable[[Path], Call], path: Path, canary: Path) -> None:
    torch.save({"state_dict": tiny.model().state_dict(), "extra": call(canary)}, path)


def legacy(call: Callable[[Path], Call], path: Path, canary: Path) -> None:
    torch.save({"x": torch.zeros(1), "extra": call(canary)}, path, _use_new_zipfile_serialization=False)


def plain(call: Callable[[Path], Call], path: Path, canary: Path, protocol: int = 4) -> None:
    path.write_bytes(pickle.dumps({"extra": call(canary)}, protocol))


FORMS: Final[dict[str, Callable[..., None]]] = {
    "zip": zipped,
    "legacy": legacy,
    "plain": plain,
    "protocol 2": partial(plain, protocol=2),
}


def instantiator(path: Path, canary: Path) -> None:
    """Lightning up to 2.6.5 imports and calls it."""
    given = {"_instantiator": "os.system", "command": f"touch {canary}", "_class_path": "os.system"}
    tiny.checkpoint(path, given)


def two_stages(path: Path, canary: Path) -> None:
    """A clean file whose recipe fetches a second one."""
    second = path.with_suffix(".second")
    torch.save(by_system(canary), second)
    backbone = {"class_path": "reid.backbones.ResNetTA", "init_args": {"depth": 18, "pretrained": f"file://{second}"}}
    tiny.checkpoint(path, {"backbone": backbone, "num_identities": 2})


def naming(value: Callable[[Path, Path], Any], path: Path, canary: Path) -> None:
    """A recipe whose backbone takes a callable, which is named in some way."""
    arguments = {"model": "resnet18", "head": value(path, canary)}
    backbone = {"class_path": "reid.backbones.FrameWise", "init_args": arguments}
    tiny.checkpoint(path, {"backbone": backbone, "num_identities": 2})


def module(path: Path, canary: Path) -> str:
    """A module beside the file, where Python finds it; to import it is to run it."""
    (path.parent / "hostile_module.py").write_text(f"open({str(canary)!r}, 'w')\nclass Net: ...\n")
    return "hostile_module.Net"


def through_ours(_path: Path, canary: Path) -> dict[str, Any]:
    """A path that begins in a module of ours and leaves it."""
    return {"class_path": "reid.results.os.system", "init_args": {"command": f"touch {canary}"}}


def recipe_of(backbone: object, path: Path, _canary: Path) -> None:
    tiny.checkpoint(path, {"backbone": backbone, "num_identities": 2})


def foreign_class(path: Path, canary: Path) -> None:
    recipe_of({"class_path": module(path, canary)}, path, canary)


NAMING: Final[dict[str, Write]] = {
    "recipe with a class": foreign_class,
    "recipe with a bare name": partial(naming, module),
    "recipe with JSON": partial(naming, lambda path, canary: f'{{"class_path": "{module(path, canary)}"}}'),
    "recipe with YAML": partial(naming, lambda path, canary: f"class_path: {module(path, canary)}"),
    "recipe that leaves our modules": partial(naming, through_ours),
    "recipe with a list for a class": partial(recipe_of, {"class_path": ["os.system"]}),
    "recipe with a text": partial(recipe_of, "os.system"),
}


def four_terabytes(path: Path, _canary: Path) -> None:
    """A header that announces more than there is, in a file of some bytes."""
    torch.save({"state_dict": {"x": torch.zeros(4)}}, path)
    content = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as read, zipfile.ZipFile(path, "w") as written:
        for name in read.namelist():
            data = read.read(name)
            written.writestr(name, data.replace(b"K\x04", b"\x8a\x06" + (2**40).to_bytes(6, "little")))


def endless_view(path: Path, _canary: Path) -> None:
    """A tensor of 4 TB without a byte of its own."""
    state = {f"model.{name}": torch.zeros(1).expand(10**6, 10**6) for name in ("classifier.weight", "neck.weight")}
    torch.save({"state_dict": state, "hyper_parameters": {"backbone": tiny.BACKBONE, "num_identities": 2}}, path)


def huge_recipe(path: Path, canary: Path) -> None:
    recipe_of({**tiny.BACKBONE, "init_args": {"widths": [10**12], "strides": [1]}}, path, canary)


def safetensors_bomb(path: Path, _canary: Path) -> None:
    header = b'{"x":{"dtype":"F32","shape":[1000000,1000000],"data_offsets":[0,4000000000000]}}'
    path.write_bytes(struct.pack("<Q", len(header)) + header)


def zip_bomb(path: Path, _canary: Path) -> None:
    """50 KB that are 50 MB, in the layout of torch."""
    torch.save({"x": torch.zeros(1)}, path)
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as read, zipfile.ZipFile(path, "w") as written:
        for name in read.namelist():
            big = name.endswith("data/0")
            data = bytes(50 * 2**20) if big else read.read(name)
            written.writestr(name, data, compress_type=zipfile.ZIP_DEFLATED if big else None)


def with_parents(path: Path, canary: Path) -> None:
    """A zip file whose names climb out of the folder it is unpacked in."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{'../' * 12}{str(canary)[1:]}", b"out")


def tar_with_parents(path: Path, canary: Path) -> None:
    """A tar file, which torch once read, that begins like a zip file."""
    with tarfile.open(path, "w") as file:
        for name in ("PK", "pickle", f"{'../' * 12}{str(canary)[1:]}"):
            member = tarfile.TarInfo(name)
            member.size = 3
            file.addfile(member, io.BytesIO(b"out"))


def script(path: Path, canary: Path) -> None:
    """An archive of TorchScript: code beside the data."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps(by_system(canary), 2))
        file.writestr("archive/code/__torch__.py", f"open({str(canary)!r}, 'w')")
        file.writestr("archive/constants.pkl", pickle.dumps((), 2))
        file.writestr("archive/version", b"3\n")


def object_array(path: Path, canary: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.array([by_system(canary)], object), allow_pickle=True)


def object_arrays(path: Path, canary: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, weights=np.array([by_system(canary)], object))


def truncated(path: Path, _canary: Path) -> None:
    path.write_bytes(tiny.checkpoint(path).read_bytes()[:-400])


def itself(path: Path, _canary: Path) -> None:
    """A recipe that holds itself."""
    recipe: dict[str, Any] = {"backbone": {"class_path": "reid.backbones.SmallResNet"}, "num_identities": 2}
    recipe["backbone"]["init_args"] = recipe
    tiny.checkpoint(path, recipe)


def holding(content: Any, path: Path, _canary: Path) -> None:
    torch.save(content, path)


def bytes_of(content: bytes, path: Path, _canary: Path) -> None:
    path.write_bytes(content)


BROKEN: Final[dict[str, Write]] = {
    "safetensors of 4 TB": safetensors_bomb,
    "4 TB tensor": four_terabytes,
    "4 TB view": endless_view,
    "recipe of 4 TB": huge_recipe,
    "zip bomb": zip_bomb,
    "truncated": truncated,
    "empty": partial(bytes_of, b""),
    "HTML": partial(bytes_of, b"<!DOCTYPE html><html><script>1</script></html>"),
    "git-lfs pointer": partial(bytes_of, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
    "zip with ../": with_parents,
    "tar with ../": tar_with_parents,
    "TorchScript": script,
    "object npy": object_array,
    "object npz": object_arrays,
    "pickled module": partial(holding, torch.nn.Linear(1, 1)),
    "defaultdict": partial(holding, {"state_dict": defaultdict(list)}),
    "numbers for names": partial(holding, {"state_dict": {1: torch.zeros(1)}}),
    "a list": partial(holding, [torch.zeros(1)]),
    "a recipe in itself": itself,
    "a text for a recipe": partial(holding, {"state_dict": {}, "hyper_parameters": "os.system"}),
}

CHECKPOINTS: Final[dict[str, Write]] = {
    **{f"{form}, {call}": partial(write, calls) for form, write in FORMS.items() for call, calls in CALLS.items()},
    "_instantiator": instantiator,
    "two stages": two_stages,
    **NAMING,
    **BROKEN,
}
