"""Sessions: a loaded network that takes and gives NumPy arrays."""

from __future__ import annotations

import ctypes
import os
import weakref
from _thread import allocate_lock  # `threading` takes longer to import
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Union

import numpy as np

from edgert import device_arrays
from edgert.dtypes import CONTAINERS, array_of, numpy_dtype, type_name, view_of
from edgert.errors import EdgertError, InputError
from edgert.library import (
    MAX_RANK,
    STRICT,
    VERIFY,
    Options,
    SpecStruct,
    Tensor,
    check,
    library,
    point_at_driver,
)

if TYPE_CHECKING:
    from edgert.reports import Check, Layers, NodeTime, Placement

Array = np.ndarray[Any, Any]
_NOTHING = object(), None, None
Inputs = Union[Mapping[str, Any], Sequence[Any], Array]


class Spec(NamedTuple):
    """An input or output. `shape` holds ints, and texts where a size is symbolic.

    `type` is the element type's short name, or what a container is: "sequence(f32[?, 3])". `dtype` is the
    NumPy dtype of its arrays: object for strings and containers.
    """

    name: str
    dtype: np.dtype[Any]
    shape: tuple[Union[int, str], ...]
    type: str

    @property
    def is_container(self) -> bool:
        """A sequence (a list), an optional (None or its content) or a map (a dict)."""
        return self.type.startswith(CONTAINERS)

    def __str__(self) -> str:
        if self.is_container:
            return f"{self.name}: {self.type}"
        return f"{self.name}: {self.type}[{', '.join(map(str, self.shape))}]"


def load(
    model: Union[str, os.PathLike[str], bytes],
    device: str = "cpu",
    threads: Optional[int] = None,
    *,
    strict: bool = False,
    entry: Optional[str] = None,
    verify: bool = False,
    memory_limit: Optional[int] = None,
    memory_budget: Optional[int] = None,
    step_limit: Optional[int] = None,
    tuning: Union[str, os.PathLike[str], None] = None,
    queue: Any = None,
) -> Session:
    """A session for a path or the bytes of an `.edge` file.

    `device` is "cpu", "opencl", "opencl:1" or "auto" (a real GPU if there is one, else the CPU). `threads`
    None is the usable cores. `strict` refuses to place a node on another device. `verify` checks the
    file's checksum. `memory_limit` is in bytes, `step_limit` in node executions a run. `memory_budget` is the
    bytes that activations should fit, None what the file says: on the CPU, images are made in narrower bands
    of lines, slower, until they do or nothing more helps. `tuning` is a file of `edgec tune`, "" for none;
    None is the one beside the model, if it is there. `queue` is a pyopencl.CommandQueue to share.

    Raises FormatError for a bad file, FileError for an unreadable one, InputError for bad arguments.
    """
    if device != "cpu":
        point_at_driver()
    options = Options(size=ctypes.sizeof(Options))
    options.flags = (VERIFY if verify else 0) | (STRICT if strict else 0)
    options.device = _text("device", device)
    options.entry = None if entry is None else _text("entry", entry)
    if threads is not None and threads < 1:
        raise InputError(f"load: threads is {threads}, expected 1 or more, or None for the usable cores")
    options.threads = threads or 0
    limits = {"memory_limit": memory_limit, "memory_budget": memory_budget, "step_limit": step_limit}
    for name, limit in limits.items():
        if limit is not None and limit < 0:
            raise InputError(f"load: {name} is {limit}, expected 0 or more, or None for no limit")
        setattr(options, name, limit or 0)
    options.tuning = None if tuning is None else _text("tuning", os.fspath(tuning))
    if queue is not None:
        options.cl_context, options.cl_queue = queue.context.int_ptr, queue.int_ptr
    return Session(_open(model, options), queue)


def _open(model: Union[str, os.PathLike[str], bytes], options: Options) -> ctypes.c_void_p:
    handle = ctypes.c_void_p()
    if isinstance(model, (bytes, bytearray, memoryview)):
        data = bytes(model)
        status = library().edgert_load_memory(data, len(data), ctypes.byref(options), ctypes.byref(handle))
    else:
        path = os.fsencode(model)
        if b"\0" in path:
            raise InputError(f"load: the path {model!r} holds a null character")
        status = library().edgert_load_path(path, ctypes.byref(options), ctypes.byref(handle))
    check(status)
    return handle


class Session:
    """A network on a device. One run at a time; `clone` makes more that share the weights."""

    def __init__(self, handle: ctypes.c_void_p, queue: Any = None) -> None:
        self._library = library()
        self._handle = handle
        self._queue = queue
        self._exclusive = _Exclusive()
        self._bound: Optional[Call] = None
        self._finalizer = weakref.finalize(self, self._library.edgert_close, handle)
        self.inputs = self._specs("input")
        self.outputs = self._specs("output")
        self._held: list[Any] = [None] * len(self.inputs)
        self._names = [s.name for s in self.inputs]
        self._output_names = [s.name for s in self.outputs]
        self._containers = [s.is_container for s in self.outputs]
        # reused from run to run: what is handed to the library and what it hands back
        self._given = [_new_tensor(self._raw_spec("input", i).dtype) for i in range(len(self.inputs))]
        self._taken = [_new_tensor() for _ in self.outputs]
        self._taken_at = [ctypes.pointer(tensor) for tensor in self._taken]
        # of each input the array that the library has, with its shape and dtype then; of each output its
        # Tensor in bytes, as the last run left it, and an array over the same memory
        self._known: list[tuple[Any, Any, Any]] = [_NOTHING] * len(self.inputs)
        self._views: list[tuple[bytes, Array]] = [(b"", np.empty(0))] * len(self.outputs)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        texts = (", ".join(map(str, specs)) for specs in (self.inputs, self.outputs))
        return f"<edgert.Session {' -> '.join(texts)}>"

    def close(self) -> None:
        """Free the session; any further call is an InputError."""
        self._finalizer()
        self._handle = ctypes.c_void_p()

    # ---- running ----

    def run(self, inputs: Inputs) -> dict[str, Any]:
        """The outputs, by name in order, as new arrays (of str for strings), lists, dicts or None.

        `inputs` maps names to arrays, or lists arrays in input order, or is the only one. Arrays must
        have the spec's dtype; other objects (lists, numbers) are converted. Strings are arrays of str, or of
        bytes in UTF-8; a sequence is a list, an optional its content or None, a map a dict. pyopencl arrays
        are taken and given without a host copy when the session shares their queue.

        Raises InputError for inputs that do not fit, EdgertError (status "busy") if a run is under way.
        """
        arrays = self._in_order(inputs)
        self._exclusive.take()  # what follows avoids every call that it can: small networks take microseconds
        try:
            if self._bound is not None:
                self._unbind()
            for i, array in enumerate(arrays):
                held, shape, dtype = self._known[i]
                if array is not held or array.shape != shape or array.dtype is not dtype:
                    self._held[i] = self._set_input(i, array)
            if status := self._library.edgert_run(self._handle):
                check(status)
            on_device = self._queue is not None and any(map(device_arrays.is_device_array, arrays))
            return {name: self._output(i, on_device) for i, name in enumerate(self._output_names)}
        finally:
            self._exclusive.release()

    def bind(self, inputs: Inputs, outputs: Union[Mapping[str, Array], Sequence[Array], Array]) -> Call:
        """A call whose arrays are fixed: it reads `inputs` and writes `outputs` in place each time.

        Arrays must be C-contiguous, of the specs' dtypes, and writable where they are outputs.

        >>> call = session.bind({"x": x}, {"y": y})  # doctest: +SKIP
        >>> call()  # doctest: +SKIP
        """
        given = self._in_order(inputs)
        for spec in (*self.inputs, *self.outputs):
            if spec.is_container or spec.type == "string":
                raise InputError(f"bind: '{spec}' has no memory of fixed size; use run")
        wanted = _ordered(outputs, self._output_names, "output")
        for spec, array in [*zip(self.inputs, given), *zip(self.outputs, wanted)]:
            if not isinstance(array, np.ndarray) or not array.flags.c_contiguous or array.dtype != spec.dtype:
                raise InputError(f"bind: '{spec.name}' must be a C-contiguous array of {spec.dtype}")
        for spec, array in zip(self.outputs, wanted):
            if not array.flags.writeable:
                raise InputError(f"bind: output '{spec.name}' must be writable")
        return Call(self, given, wanted)

    def clone(self) -> Session:
        """Another session over the same weights, for another thread."""
        handle = ctypes.c_void_p()
        check(self._library.edgert_clone(self._handle, ctypes.byref(handle)))
        return Session(handle, self._queue)

    def cancel(self) -> None:
        """Make the run under way in another thread stop with an EdgertError (status "cancelled")."""
        self._library.edgert_cancel(self._handle)

    def reset(self) -> None:
        """Put state inputs back to their initial values."""
        check(self._library.edgert_reset(self._handle))

    # ---- looking inside ----

    def describe(self) -> dict[str, Any]:
        """What the runtime knows of the session: device, isa, threads, arena and weight bytes, nodes."""
        import json

        text = ctypes.c_char_p()
        check(self._library.edgert_describe(self._handle, ctypes.byref(text)))
        found: dict[str, Any] = json.loads(text.value or b"{}")
        return found

    def placement(self) -> list[Placement]:
        """Each node's device and, where it is not the one asked for, why."""
        from edgert.reports import Placement

        return [
            Placement(n["name"], n["op"], n["device"], n.get("reason", "")) for n in self.describe()["nodes"]
        ]

    def profile(self, inputs: Inputs, runs: int = 10) -> list[NodeTime]:
        """The time of every node over `runs` runs, after one that is not counted."""
        from edgert.reports import NodeTime

        self.run(inputs)
        check(self._library.edgert_profile(self._handle, 1))
        try:
            for _ in range(runs):
                self.run(inputs)
            nodes = self.describe()["nodes"]
        finally:
            check(self._library.edgert_profile(self._handle, 0))
        return [
            NodeTime(
                n["name"],
                n["op"],
                n["device"],
                n["graph"],
                n["calls"],
                n["nanoseconds"] * 1e-9,
                n["least"] * 1e-9,
                [v and (v[0], tuple(v[1])) for v in n["operands"]],
                [v and (v[0], tuple(v[1])) for v in n["results"]],
            )  # fmt: skip
            for n in nodes
            if n.get("calls")
        ]

    def metadata(self, key: str) -> Optional[str]:
        """The model's metadata under `key`, None if there is none."""
        found: Optional[bytes] = self._library.edgert_metadata(self._handle, key.encode())
        return None if found is None else found.decode()

    def run_layers(self, inputs: Inputs) -> Layers:
        """Every materialised value of a run by its name in the source model, in the source's layout."""
        check(self._library.edgert_keep_values(self._handle, 1))
        try:
            self.run(inputs)
            return self._layers()
        finally:
            check(self._library.edgert_keep_values(self._handle, 0))

    def check(self) -> list[Check]:
        """Runs the references in the file and compares; empty where the file has none."""
        return [self._check_one(i) for i in range(self._library.edgert_reference_count(self._handle))]

    def reference(self, index: int) -> tuple[dict[str, Array], dict[str, Array], float, str]:
        """Reference `index`: inputs, expected outputs, tolerance, and who computed them."""
        tolerance, source, tensor = ctypes.c_double(), ctypes.c_char_p(), _new_tensor()

        def read(is_output: int, position: int) -> Array:
            check(
                self._library.edgert_reference(
                    self._handle,
                    index,
                    is_output,
                    position,
                    ctypes.byref(tensor),
                    ctypes.byref(tolerance),
                    ctypes.byref(source),
                )
            )
            return array_of(tensor)

        given = {s.name: read(0, i) for i, s in enumerate(self.inputs)}
        expected = {s.name: read(1, i) for i, s in enumerate(self.outputs)}
        return given, expected, tolerance.value, (source.value or b"").decode()

    def _check_one(self, index: int) -> Check:
        from edgert.reports import Check, relative_error

        given, expected, tolerance, source = self.reference(index)
        found = self.run(given)
        return Check(source, tolerance, {n: relative_error(found[n], expected[n]) for n in expected})

    def _layers(self) -> Layers:
        from edgert.reports import Layers

        layers = Layers()
        name, absorbed = ctypes.c_char_p(), ctypes.c_char_p()
        rank, perm, tensor = ctypes.c_int32(), (ctypes.c_uint8 * MAX_RANK)(), _new_tensor()
        for i in range(self._library.edgert_name_count(self._handle)):
            refs = (ctypes.byref(x) for x in (name, absorbed, rank))
            check(self._library.edgert_name(self._handle, i, *refs, perm))
            text = (name.value or b"").decode()
            if absorbed.value is not None:
                layers.absorbed[text] = absorbed.value.decode()
                continue
            try:
                check(self._library.edgert_get_named(self._handle, i, ctypes.byref(tensor)))
            except EdgertError as error:
                layers.absent[text] = str(error)
                continue
            array = array_of(tensor)
            layers[text] = array.transpose(list(perm[: rank.value])) if rank.value else array
        return layers

    # ---- arrays and the C ABI ----

    def _specs(self, side: str) -> list[Spec]:
        found = []
        for i in range(getattr(self._library, f"edgert_{side}_count")(self._handle)):
            raw = self._raw_spec(side, i)
            shape = tuple(
                int(raw.dims[a]) if raw.dims[a] >= 0 else raw.dim_texts[a].decode() for a in range(raw.rank)
            )
            name = type_name(raw.dtype)
            text = raw.type.decode() if name in CONTAINERS else name
            found.append(Spec(raw.name.decode(), numpy_dtype(raw.dtype), shape, text))
        return found

    def _raw_spec(self, side: str, index: int) -> SpecStruct:
        raw = SpecStruct(size=ctypes.sizeof(SpecStruct))
        check(getattr(self._library, f"edgert_{side}_spec")(self._handle, index, ctypes.byref(raw)))
        return raw

    def _in_order(self, inputs: Inputs) -> list[Any]:
        if type(inputs) is dict and len(inputs) == len(self._names):
            try:
                return [inputs[name] for name in self._names]
            except KeyError:
                pass  # which one is said below
        return _ordered(inputs, self._names, "input")

    def _unbind(self) -> None:
        if self._bound is not None:
            for i in range(len(self.outputs)):
                check(self._library.edgert_set_output(self._handle, i, None))
            self._bound = None

    def _set_input(self, index: int, array: Any) -> Any:
        """Hands an input over; returns what must stay alive until the next run."""
        spec, tensor = self.inputs[index], self._given[index]
        self._known[index] = _NOTHING
        if spec.dtype == object:
            return self._set_objects(index, array)
        if type(array) is not np.ndarray:
            if device_arrays.is_device_array(array):
                return self._set_device_input(index, array)
            array = _converted(array, spec)
        if array.dtype is not spec.dtype and array.dtype != spec.dtype:
            raise InputError(f"input '{spec.name}' is {array.dtype}, expected {spec.dtype}")
        if not array.flags.c_contiguous:
            array = array.copy(order="C")
        _fill(tensor, array, _address(array))
        check(self._library.edgert_set_input(self._handle, index, ctypes.byref(tensor)))
        self._known[index] = array, array.shape, array.dtype
        return array

    def _set_objects(self, index: int, given: Any) -> Any:
        spec, tensor = self.inputs[index], self._given[index]
        if spec.is_container:
            from edgert.value_types import parse_type
            from edgert.values import Handles

            with Handles() as handles:
                value = handles.make(given, parse_type(spec.type), spec.name)
                check(self._library.edgert_set_input_value(self._handle, index, value))
            return None
        from edgert.strings import as_strings, views_of

        array = as_strings(given, spec.name)
        views, kept = views_of(array, spec.name)
        _fill(tensor, array, views.ctypes.data)
        tensor.bytes = views.nbytes
        check(self._library.edgert_set_input(self._handle, index, ctypes.byref(tensor)))
        return kept

    def _set_device_input(self, index: int, array: Any) -> Any:
        spec, tensor = self.inputs[index], self._given[index]
        memory, offset = device_arrays.memory_of(array, spec.name)
        _fill(tensor, array, None)
        check(
            self._library.edgert_set_input_device(self._handle, index, ctypes.byref(tensor), memory, offset)
        )
        return array

    def _output(self, index: int, on_device: bool) -> Any:
        tensor = self._taken[index]
        if self._containers[index]:
            from edgert.values import content_of

            value = ctypes.c_void_p()
            check(self._library.edgert_get_output_value(self._handle, index, ctypes.byref(value)))
            return content_of(value.value)
        if on_device and self.outputs[index].dtype != object:
            memory, offset = ctypes.c_void_p(), ctypes.c_uint64()
            refs = (ctypes.byref(x) for x in (tensor, memory, offset))
            check(self._library.edgert_get_output_device(self._handle, index, *refs))
            return device_arrays.copy_of(
                self._queue, memory.value, offset.value, tensor.shape, numpy_dtype(tensor.dtype)
            )
        if status := self._library.edgert_get_output(self._handle, index, self._taken_at[index]):
            check(status)
        known, view = self._views[index]
        if known == (now := bytes(tensor)):
            return view.copy()
        if self.outputs[index].dtype == object or not tensor.bytes:
            return array_of(tensor)
        view = view_of(tensor)
        self._views[index] = now, view
        return view.copy()


class Call:
    """A run whose arrays are fixed (see Session.bind). Calling it runs and returns `outputs`."""

    def __init__(self, session: Session, inputs: list[Array], outputs: list[Array]) -> None:
        self._session = session
        self._inputs = inputs
        self._arrays = outputs
        self._run = session._library.edgert_run
        self.outputs = {s.name: a for s, a in zip(session.outputs, outputs)}
        with session._exclusive:
            self._bind()

    def _bind(self) -> None:
        session = self._session
        session._held = [session._set_input(i, a) for i, a in enumerate(self._inputs)]
        for i, array in enumerate(self._arrays):
            tensor = _new_tensor(session._raw_spec("output", i).dtype)
            _fill(tensor, array, _address(array))
            check(session._library.edgert_set_output(session._handle, i, ctypes.byref(tensor)))
        session._bound = self

    def __call__(self) -> dict[str, Array]:
        if self._session._bound is not self:
            with self._session._exclusive:
                self._bind()
        status = self._run(self._session._handle)
        if status:
            check(status)
        return self.outputs


class _Exclusive:
    """Holds a session's lock; a second holder is an error, not a wait."""

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._acquire, self.release = self._lock.acquire, self._lock.release

    def take(self) -> None:
        if not self._acquire(False):
            error = EdgertError("session: a run is under way; use clone() for another thread")
            error.status = "busy"
            raise error

    def __enter__(self) -> None:
        self.take()

    def __exit__(self, *_: object) -> None:
        self.release()


def _text(name: str, value: Any) -> bytes:
    if not isinstance(value, str) or "\0" in value:
        raise InputError(f"load: {name} is {value!r}, expected a text")
    return value.encode()


def _ordered(given: Any, names: list[str], what: str) -> list[Any]:
    if isinstance(given, (np.ndarray, np.generic)) or device_arrays.is_device_array(given):
        given = [given]
    if isinstance(given, Mapping):
        unknown = [n for n in given if n not in names]
        if unknown:
            raise InputError(f"{what} '{unknown[0]}' is not one of {', '.join(names)}")
        missing = [n for n in names if n not in given]
        if missing:
            raise InputError(f"{what} '{missing[0]}' is missing, expected {', '.join(names)}")
        return [given[n] for n in names]
    if not isinstance(given, Sequence) or isinstance(given, (str, bytes)):
        kind = type(given).__name__
        raise InputError(f"{what}s are given as {kind}, expected a mapping, a sequence or an array")
    if len(given) != len(names):
        raise InputError(f"{len(given)} {what}s given, expected {len(names)}: {', '.join(names)}")
    return list(given)


def _address(array: Array) -> int:
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array.data))  # quicker than `ctypes.data`
    except (TypeError, ValueError, BufferError):  # read-only, or empty
        return array.ctypes.data


def _converted(value: Any, spec: Spec) -> Array:
    try:
        array = np.asarray(value)
        return array if hasattr(value, "dtype") else array.astype(spec.dtype)
    except (TypeError, ValueError) as error:
        raise InputError(f"input '{spec.name}' cannot be made an array of {spec.dtype}: {error}") from error


def _new_tensor(code: int = 0) -> Tensor:
    return Tensor(size=ctypes.sizeof(Tensor), dtype=code)


def _fill(tensor: Tensor, array: Any, address: Optional[int]) -> None:
    rank = len(array.shape)
    if rank > MAX_RANK:
        raise InputError(f"an array has rank {rank}, at most {MAX_RANK} is possible")
    tensor.rank, tensor.data, tensor.bytes = rank, address, array.nbytes
    tensor.dims[:rank] = array.shape
