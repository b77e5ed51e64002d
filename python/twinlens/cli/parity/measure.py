"""The comparison: every image through the pipeline, and through what other libraries have for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch

import twinlens
from twinlens.cli.parity.calls import NoEquivalent
from twinlens.cli.parity.chain import Chain
from twinlens.cli.parity.difference import apart
from twinlens.cli.parity.rivals import rivals
from twinlens.cli.parity.rows import Comparison, Row
from twinlens.cli.prefixes import parts_of, prefixes
from twinlens.cli.samples import hwc, pixels, planar, reason

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.cli.parity.rivals import Rival
    from twinlens.data.sources import Source
    from twinlens.transforms import Transform

__all__ = ["compare", "labels_of"]


def labels_of(pipe: Transform) -> list[str]:
    """The transforms' names; those that occur again with their number."""
    names = [type(part).__name__ for part in parts_of(pipe)]
    return [name if names.count(name) == 1 else f"{name} ({place + 1})" for place, name in enumerate(names)]


def compare(
    source: Source,
    indices: Sequence[int],
    pipe: Transform,
    against: Sequence[str],
    seed: int = 0,
    progress: Callable[[], None] | None = None,
) -> Comparison:
    """Image i under key(seed, 0, i). Libraries that are not installed have a row without a version."""
    labels = labels_of(pipe)
    compared: list[_Engine | _Other] = [_Engine("CPU"), *([_Engine("CUDA")] if torch.cuda.is_available() else [])]
    compared += [_Other(kind, labels) for name in against for kind in rivals(name)]
    found = Comparison([each.row for each in compared])
    for index in indices:
        name = source.path(index)
        try:
            chain = Chain.of(pipe, pixels(source, index), twinlens.key(seed, 0, index))
        except Exception as error:  # a callable in the pipeline may raise anything
            found.failed.append((name, reason(error)))
            continue
        finally:
            if progress is not None:
                progress()
        found.images += 1
        for each in compared:
            each.add(name, chain)
    return found


class _Engine:
    """The project's own batched engine, whose pixels are promised to be the same."""

    def __init__(self, device: str) -> None:
        self._device = device
        self.row = Row("batched engine", twinlens.__version__, device)

    def _run(self, pipe: Transform, chain: Chain) -> NDArray[Any]:
        if self._device == "CPU":
            return hwc(pipe(chain.image, key=chain.key, engine="kornia"))
        return hwc(pipe(planar(chain.image).to(self._device.lower()), key=chain.key))

    def add(self, name: str, chain: Chain) -> None:
        """Another image."""
        labels = labels_of(chain.pipe)
        try:
            theirs = self._run(chain.pipe, chain)
        except Exception as error:
            self.row.missing.setdefault(type(chain.pipe).__name__, reason(error))
            return
        self.row.said |= dict.fromkeys(labels, "its torch twin")
        first = None
        if _differs(chain.results[-1], theirs):
            states = (self._run(prefix, chain) for prefix in prefixes(chain.pipe))
            first = next((labels[i] for i, state in enumerate(states) if _differs(chain.results[i], state)), labels[-1])
        self.row.add(name, chain, theirs, first)


class _Other:
    """Another library."""

    def __init__(self, kind: type[Rival], labels: list[str]) -> None:
        self._rival, self._labels = kind(), labels
        self.row = Row(kind.name, kind.version(), kind.on, kind.install)

    def add(self, name: str, chain: Chain) -> None:
        """Another image."""
        if self.row.version is None:
            return
        theirs, first = chain.image, None
        try:
            for place, theirs in self._results(chain):
                if first is None and _differs(chain.results[place], theirs):
                    first = self._labels[place]
        except Exception as error:  # its image may be of a kind that ours does not take
            self.row.other = self.row.other or f"ours cannot go on from its image: {reason(error)}"
            return
        self.row.add(name, chain, theirs, first)

    def _results(self, chain: Chain) -> Iterator[tuple[int, NDArray[Any]]]:
        """Behind each part; ours where the library has nothing like it."""
        theirs, state = chain.image, None
        for place, part in enumerate(chain.parts):
            dtype = chain.results[place].dtype.name
            try:
                if part.why:
                    raise NoEquivalent(part.why)
                state = self._rival.load(theirs) if state is None else state
                state, said = self._done(part.calls, state)
                theirs = self._rival.read(state, dtype)
                self.row.said.setdefault(self._labels[place], said)
            except Exception as error:  # libraries raise anything where they do not take an image
                why = str(error) if isinstance(error, NoEquivalent) else reason(error)
                self.row.missing.setdefault(self._labels[place], why)
                theirs, state = chain.ours_on(place, theirs), None
            yield place, theirs

    def _done(self, calls: Sequence[Any], state: Any) -> tuple[Any, str]:
        words = []
        for call in calls:
            state, said = self._rival.run(state, call)
            words.append(said)
        return state, ", ".join(word for word in words if word)


def _differs(ours: NDArray[Any], theirs: NDArray[Any]) -> bool:
    return ours.shape != theirs.shape or ours.dtype != theirs.dtype or bool(apart(ours, theirs).any())
