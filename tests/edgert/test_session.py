"""edgert.load and Session, on models made here."""

import os
import subprocess
import sys
import threading
import time

import graphs
import numpy as np
import pytest

import edgert
from edgec.ir.graph import Graph, Model
from edgec.ops.resize import Resize
from edgert.library import library_path


@pytest.fixture
def affine() -> edgert.Session:
    return edgert.load(graphs.file_of(graphs.affine()))


def affine_of(x: np.ndarray) -> np.ndarray:
    return (x * np.array([1, 10, 100], np.float32)).T + 1


X = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_specs(affine):
    assert [str(s) for s in affine.inputs] == ["x: f32[n, 3]"]
    assert affine.inputs[0].shape == ("n", 3)
    assert affine.outputs[0].shape == (3, "n")
    assert affine.inputs[0].dtype == np.float32


@pytest.mark.parametrize(
    "given", [{"x": X}, X, [X], {"x": X.tolist()}], ids=["dict", "array", "list", "numbers"]
)
def test_inputs_in_each_form(affine, given):
    np.testing.assert_array_equal(affine.run(given)["y"], affine_of(X))


def test_sizes_change_between_runs(affine):
    for n in (1, 5, 2, 64, 5, 1):
        x = np.random.default_rng(n).random((n, 3), np.float32)
        np.testing.assert_allclose(affine.run(x)["y"], affine_of(x), rtol=1e-6)


def test_outputs_never_alias_the_arena(affine):
    first = affine.run(X)["y"]
    kept = first.copy()
    affine.run(X + 100)
    np.testing.assert_array_equal(first, kept)
    first[:] = 0
    np.testing.assert_array_equal(affine.run(X)["y"], kept)


def test_an_array_given_again_is_read_again(affine):
    x, others = X.copy(), np.empty((3, 4), np.float32)
    call = affine.bind([np.ones((4, 3), np.float32)], [others])
    for change in range(4):
        x[:] = X + change
        np.testing.assert_array_equal(affine.run(x)["y"], affine_of(x))
        call()
        np.testing.assert_array_equal(others, affine_of(np.ones((4, 3), np.float32)))
        turned = x.reshape(-1)[:3].reshape(1, 3)  # the same address
        np.testing.assert_array_equal(affine.run(turned)["y"], affine_of(turned))
    x.flags.writeable = False
    np.testing.assert_array_equal(affine.run(x)["y"], affine_of(x))


def test_strided_inputs_are_copied(affine):
    wide = np.arange(24, dtype=np.float32).reshape(4, 6)
    np.testing.assert_array_equal(affine.run(wide[::2, 1::2])["y"], affine_of(wide[::2, 1::2]))


def test_outputs_that_are_inputs_and_constants():
    session = edgert.load(graphs.file_of(graphs.passed_through()))
    outputs = session.run(X)
    np.testing.assert_array_equal(outputs["x"], X)
    np.testing.assert_array_equal(outputs["flat"], X.reshape(6))
    np.testing.assert_array_equal(outputs["fixed"], [0, 1, 2])
    np.testing.assert_array_equal(outputs["y"], X + 1)
    assert list(outputs) == ["x", "flat", "fixed", "y"]
    assert not any(np.shares_memory(o, X) for o in outputs.values())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"z": X}, "'z' is not one of x"),
        ({}, "'x' is missing"),
        ([X, X], "2 inputs given, expected 1: x"),
        (None, "given as NoneType, expected a mapping"),
        ("x", "given as str, expected a mapping"),
        (X.astype(np.float64), "'x' is float64, expected float32"),
        (X[0], r"x.*rank"),
        (X[:, :2], r"x.*3"),
        (np.zeros((0, 3), np.float32), r"scale.*the batch is at least 1.*n = 0"),
    ],
)
def test_inputs_that_do_not_fit(affine, given, words):
    with pytest.raises(ValueError, match=words):
        affine.run(given)
    np.testing.assert_array_equal(affine.run(X)["y"], affine_of(X))


def test_sizes_must_agree_between_inputs():
    session = edgert.load(graphs.file_of(graphs.two_inputs()))
    with pytest.raises(ValueError, match="b.*n"):
        session.run({"a": np.zeros((2, 3), np.float32), "b": np.zeros((2, 4), np.float32)})


def test_bound_call_reads_and_writes_in_place():
    session = edgert.load(graphs.file_of(graphs.two_inputs()))
    a, b, total, half = (np.zeros((2, 5), np.float32) for _ in range(4))
    call = session.bind({"a": a, "b": b}, {"total": total, "half": half})
    for step in range(3):
        a[:], b[:] = step, 2
        assert call()["total"] is total
        assert (total == step + 2).all() and (half == step * 2).all()
    ones = np.ones((2, 1), np.float32)
    assert (session.run([ones, ones])["total"] == 2).all()
    a[:] = 7
    call()
    assert (total == 9).all()


def test_bind_refuses_what_it_would_have_to_copy():
    session = edgert.load(graphs.file_of(graphs.two_inputs()))
    a = np.zeros((2, 10), np.float32)
    with pytest.raises(ValueError, match="C-contiguous"):
        session.bind([a[:, ::2], a], [a, a])
    with pytest.raises(ValueError, match="half"):
        session.bind([a, a], [a, a.astype(np.float64)])


def test_bound_output_of_the_wrong_size_is_an_error():
    session = edgert.load(graphs.file_of(graphs.two_inputs()))
    a = np.zeros((2, 5), np.float32)
    small = np.zeros((2, 4), np.float32)
    with pytest.raises(ValueError, match="half"):
        session.bind([a, a], [a.copy(), small])()


def test_clones_run_in_parallel(affine):
    failures = []

    def work(session: edgert.Session, seed: int) -> None:
        random = np.random.default_rng(seed)
        for _ in range(50):
            x = random.random((random.integers(1, 20), 3), np.float32)
            if not np.allclose(session.run(x)["y"], affine_of(x)):
                failures.append(seed)

    threads = [threading.Thread(target=work, args=(affine.clone(), i)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def is_busy(session: edgert.Session) -> bool:
    try:
        session.describe()
    except edgert.EdgertError as error:
        return error.status == "busy"
    return False


def test_second_run_at_once_is_refused_and_cancel_ends_the_first():
    session = edgert.load(graphs.file_of(graphs.endless()))
    errors = []

    def work() -> None:
        try:
            session.run(np.zeros(4, np.float32))
        except edgert.EdgertError as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while not session._exclusive._lock.locked():
        pass
    with pytest.raises(edgert.EdgertError) as busy:
        session.run(np.zeros(4, np.float32))
    assert busy.value.status == "busy"
    while thread.is_alive():
        session.cancel()
        thread.join(0.01)
    assert [e.status for e in errors] == ["cancelled"]


def test_describing_is_refused_during_a_run():
    session = edgert.load(graphs.file_of(graphs.endless()))

    def work() -> None:
        status = "busy"
        while status == "busy":  # where it met a call of the other thread
            try:
                session.run(np.zeros(4, np.float32))
            except edgert.EdgertError as error:
                status = error.status

    thread = threading.Thread(target=work)
    thread.start()
    while not is_busy(session):
        time.sleep(0.001)
    while thread.is_alive():
        session.cancel()
        thread.join(0.01)


def test_step_limit_ends_an_endless_loop():
    session = edgert.load(graphs.file_of(graphs.endless()), step_limit=10_000)
    with pytest.raises(edgert.EdgertError, match="step") as error:
        session.run(np.zeros(4, np.float32))
    assert error.value.status == "limit"


@pytest.mark.parametrize("trips", [0, 1, 17])
def test_loop_counts_its_trips(trips):
    session = edgert.load(graphs.file_of(graphs.endless(trips)))
    np.testing.assert_array_equal(session.run(np.zeros(4, np.float32))["y"], np.full(4, trips))


def test_memory_limit():
    session = edgert.load(graphs.file_of(graphs.affine()), memory_limit=1 << 16)
    session.run(X)
    with pytest.raises(edgert.EdgertError, match="memory") as error:
        session.run(np.zeros((1 << 20, 3), np.float32))
    assert error.value.status == "memory"


def test_memory_limit_holds_for_tables_of_a_plan():
    """Antialiasing by 2^-14 makes each of 4096 results from 2^15 elements: a table of 1.5 GB."""
    x, y = graphs.value("x", 4096), graphs.value("y", 4096)
    resize = Resize("linear", (0,), (4096,), (2.0**-14,), antialias=True)
    model = Model({"main": Graph("main", [x], [y], [graphs.node(resize, [x], y, "shrink")])})
    with pytest.raises(edgert.EdgertError, match="'shrink': no memory for the plan") as error:
        edgert.load(graphs.file_of(model), memory_limit=1 << 28).run(np.zeros(4096, np.float32))
    assert error.value.status == "memory"


def test_sizes_read_from_tensors():
    session = edgert.load(graphs.file_of(graphs.data_shape()))
    x = np.array([1, 2, 3], np.float32)
    for k in (1, 4, 2):
        y = session.run({"x": x, "k": np.array([k])})["y"]
        np.testing.assert_array_equal(y, np.tile(x + 1, (2 * k, 1)))
    for bad in (0, -5):
        with pytest.raises(ValueError, match="expand.*at least one row"):
            session.run({"x": x, "k": np.array([bad])})
    with pytest.raises(edgert.EdgertError):
        session.run({"x": x, "k": np.array([2**61])})


def test_state_is_kept_and_reset():
    session = edgert.load(graphs.file_of(graphs.counter()))
    assert [s.name for s in session.inputs] == ["x"]
    for total in (1, 2, 3):
        assert (session.run(np.ones(2, np.float32))["total"] == total).all()
    session.reset()
    assert (session.run(np.ones(2, np.float32))["total"] == 1).all()
    assert (session.clone().run(np.ones(2, np.float32))["total"] == 1).all()


def test_entries():
    file = graphs.file_of(graphs.two_entries())
    x = np.array([1, 2, 3], np.float32)
    np.testing.assert_array_equal(edgert.load(file, entry="square").run(x)["y"], x * x)
    np.testing.assert_array_equal(edgert.load(file).run(x)["y"], x + x)
    with pytest.raises(ValueError, match="cube.*double.*square"):
        edgert.load(file, entry="cube")


def test_layers_are_in_source_layout(affine):
    layers = affine.run_layers(X)
    np.testing.assert_array_equal(layers["scaled_t"], (X * np.array([1, 10, 100], np.float32)).T)
    np.testing.assert_array_equal(layers["y"], affine_of(X))
    assert layers.absorbed == {"gone": "scale"}
    assert not layers.absent


def test_reference_in_the_file_is_checked(affine):
    (result,) = affine.check()
    assert result.passed and result.source == "by hand" and result.errors == {"y": 0.0}


def test_wrong_reference_does_not_pass():
    model = graphs.affine()
    model.references[0].outputs["y"][0] += 1
    (result,) = edgert.load(graphs.file_of(model)).check()
    assert not result.passed


def test_placement_and_metadata(affine):
    assert [(p.name, p.device) for p in affine.placement()] == [
        (n, "cpu") for n in ("scale", "turn", "shift")
    ]
    assert affine.metadata("author") == "somebody"
    assert affine.metadata("nobody") is None
    assert affine.describe()["device"] == "cpu"


def test_path_bytes_and_bad_files(tmp_path):
    file = graphs.file_of(graphs.affine())
    path = tmp_path / "model.edge"
    path.write_bytes(file)
    np.testing.assert_array_equal(edgert.load(path, verify=True).run(X)["y"], affine_of(X))
    with pytest.raises(OSError, match="nowhere"):
        edgert.load(tmp_path / "nowhere.edge")
    os.mkfifo(tmp_path / "pipe.edge")
    with pytest.raises(OSError, match="not a regular file"):
        edgert.load(tmp_path / "pipe.edge")
    for bad in (b"", b"edgefile", file[:-1], b"x" * 200):
        with pytest.raises(edgert.FormatError):
            edgert.load(bad)
    flipped = bytearray(file)
    flipped[-1] ^= 1
    with pytest.raises(edgert.FormatError, match="checksum"):
        edgert.load(bytes(flipped), verify=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"device": "tpu"}, "tpu"),
        ({"threads": 0}, "threads"),
        ({"device": "opencl:77"}, "77"),
        ({"memory_limit": -1}, "memory_limit is -1"),
        ({"step_limit": -1}, "step_limit is -1"),
    ],
)
def test_bad_options(options, words):
    with pytest.raises(edgert.EdgertError, match=words):
        edgert.load(graphs.file_of(graphs.affine()), **options)


def test_a_path_with_a_null_character_is_refused(tmp_path):
    path = tmp_path / "m"
    path.write_bytes(graphs.file_of(graphs.affine()))
    with pytest.raises(ValueError, match="null character"):
        edgert.load(f"{path}\0.edge")


def test_closed_session(affine):
    affine.close()
    with pytest.raises(edgert.EdgertError):
        affine.run(X)


def test_runs_in_a_forked_child(affine):
    big = edgert.load(graphs.file_of(graphs.chain(3, 1 << 16)))
    big.run(np.zeros(1 << 16, np.float32))
    child = os.fork()
    if child == 0:
        fine = (big.run(np.zeros(1 << 16, np.float32))["v3"] == 3).all()
        os._exit(0 if fine else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (big.run(np.zeros(1 << 16, np.float32))["v3"] == 3).all()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_library_stays_when_it_is_unloaded():
    """Threads of the pool may be inside it."""
    program = (
        "import _ctypes, ctypes, sys; _ctypes.dlclose(ctypes.CDLL(sys.argv[1])._handle);"
        "sys.exit(sys.argv[1] not in open('/proc/self/maps').read())"
    )
    path = os.path.realpath(library_path())
    assert subprocess.run([sys.executable, "-c", program, path], check=False).returncode == 0


def test_the_command_names_the_file_that_is_no_array(tmp_path, capsys):
    from edgert.__main__ import main

    model = tmp_path / "m.edge"
    model.write_bytes(graphs.file_of(graphs.affine()))
    (tmp_path / "bad.npy").write_bytes(b"hello")
    np.savez(tmp_path / "many.npz", X)
    for name, words in (("bad.npy", "bad.npy: not a .npy file"), ("many.npz", "several arrays")):
        assert main(["run", str(model), "--input", f"x={tmp_path / name}"]) == 2
        assert words in capsys.readouterr().err


def test_import_and_load_need_little(tmp_path):
    """Only the modules of a run: each further one is time from the start to the first run."""
    model = tmp_path / "m.edge"
    model.write_bytes(graphs.file_of(graphs.affine()))
    program = (
        "import sys, numpy; before = {*sys.modules}; import edgert; "
        f"s = edgert.load({str(model)!r}); s.run(numpy.zeros((2, 3), 'f4')); "
        "print(*sorted({*sys.modules} - before))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    modules = ("device_arrays", "dtypes", "errors", "library", "session")
    expected = {"__future__", "edgert", *(f"edgert.{m}" for m in modules)}
    assert {*done.stdout.split()} <= expected | {"_thread", "atexit", "weakref"}


def test_the_arena_is_near_its_bound():
    session = edgert.load(graphs.file_of(graphs.chain(6, 1000)))
    session.run(np.zeros(session.inputs[0].shape, np.float32))
    facts = session.describe()
    assert 2 * 4 * 1000 <= facts["arena_bound_bytes"] <= facts["arena_bytes"]
    assert facts["arena_bytes"] <= 1.1 * facts["arena_bound_bytes"]
