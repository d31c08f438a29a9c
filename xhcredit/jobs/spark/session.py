"""Spark session: started on first use, with this version of the program at its workers."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from xhcredit.errors import BadInput, NightRefuted

#: name under which the program's text arrives at the workers
_PROGRAM = "xhcredit_program"
_MASTERS = r"local(\[[\w,*]+\])?|local-cluster\[\d+,\d+,\d+\]|spark://.+|k8s://.+|yarn"


def check_engine(engine: str) -> None:
    """Refuse an engine that cannot be used here, before any work is done.

    Raises:
        BadInput: no such engine; or the extra ``spark`` or Java is not installed.
    """
    if not re.fullmatch(_MASTERS, engine):
        raise BadInput(
            f'"{engine}" is no engine; write spark://HOST:PORT, yarn, local[2] or '
            "local-cluster[2,1,1024], or leave --engine out"
        )
    try:
        import pyspark  # noqa: F401 - an optional extra
    except ImportError:
        raise BadInput(
            'Spark is not installed; install xhcredit with the extra: pip install "xhcredit[spark]"'
        ) from None
    home = os.environ.get("JAVA_HOME")
    if not shutil.which("java", path=f"{home}/bin" if home else None):
        raise BadInput(
            "Java is not there, and Spark runs on it; install Java 17 "
            "(apt-get install openjdk-17-jre-headless) or set JAVA_HOME"
        )


class Spark:
    """One application on a cluster, used as a context; ``session`` starts it.

    Args:
        engine: Spark's master URL.

    Raises:
        BadInput: the engine cannot be used here, or there is no cluster.
    """

    def __init__(self, engine: str) -> None:
        check_engine(engine)
        self.engine = engine
        self._open = ExitStack()

    def __enter__(self) -> Spark:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @cached_property
    def session(self) -> Any:
        """Spark's session; the program's text travels along, so every worker runs this one."""
        spark = _start_session(self.engine)
        self._open.callback(spark.stop)
        folder = self._open.enter_context(tempfile.TemporaryDirectory(prefix="xhcredit-spark-"))
        spark.sparkContext.addArchive(f"{_program_archive(Path(folder))}#{_PROGRAM}")
        return spark

    @contextmanager
    def translate_errors(self) -> Iterator[None]:
        """Translate errors of Spark into errors of this program.

        Raises:
            NightRefuted: a worker refused its part.
            BadInput: anything else, with Spark's cause.
        """
        from pyspark.errors import PySparkException  # an optional extra

        try:
            yield
        except PySparkException as error:
            error_lines = [line for line in str(error).splitlines() if "xhcredit.errors" in line]
            if any("NightRefuted" in line for line in error_lines):
                raise NightRefuted(error_lines[0].partition("NightRefuted: ")[2]) from None
            raise BadInput(
                f'Spark at "{self.engine}" gave up: {_cause(error)}; see its logs, '
                "then run again: the parts that are done are kept"
            ) from error


def at_worker(name: str, *arguments: Any) -> Callable[[Any], Any]:
    """A function of one argument for workers: calls ``module:function`` with ``arguments`` before
    it.

    It is sent by value, and first finds the program beside it.
    """
    from pyspark import cloudpickle  # an optional extra

    program = _PROGRAM
    pickled_arguments = cloudpickle.dumps(arguments)  # type: ignore[no-untyped-call]

    def work(batches: Any) -> Any:
        from pyspark import SparkFiles, cloudpickle  # an optional extra

        program_path = SparkFiles.get(program)
        if program_path not in sys.path:
            sys.path.insert(0, program_path)
        module, _, function = name.partition(":")
        target_function = getattr(importlib.import_module(module), function)
        return target_function(*cloudpickle.loads(pickled_arguments), batches)

    work.__module__ = "__main__"  # else only its name would travel
    return work


def _start_session(engine: str) -> Any:
    from pyspark.sql import SparkSession  # an optional extra

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")  # none is used
    builder = SparkSession.builder.master(engine).appName("xhcredit")
    builder = builder.config("spark.ui.enabled", "false").config("spark.log.level", "ERROR")
    builder = builder.config("spark.ui.showConsoleProgress", "false")  # we tell it ourselves
    if engine.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        builder = builder.config("spark.driver.host", "127.0.0.1")
    if engine.startswith("local-cluster"):  # an executor may take what its worker has
        memory = engine.rstrip("]").rpartition(",")[2]
        builder = builder.config("spark.executor.memory", f"{memory}m")
    try:
        return builder.getOrCreate()
    except Exception as error:  # of py4j or of the JVM, by what fails
        raise BadInput(
            f'no Spark at "{engine}": {_cause(error)}; check the master\'s address and that it runs'
        ) from error


def _cause(error: Exception) -> str:
    """Message of the JVM exception, without its stack trace."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    exception_lines = [
        line for line in lines if re.match(r"(: |Caused by: )?[\w.]+(Exception|Error)\b", line)
    ]
    return (exception_lines or lines or [type(error).__name__])[0].removeprefix(": ")


def _program_archive(folder: Path) -> str:
    """This program as an archive."""
    root, staging_folder = Path(__file__).parents[2], folder / "program"
    shutil.copytree(root, staging_folder / root.name, ignore=shutil.ignore_patterns("__pycache__"))
    return shutil.make_archive(str(folder / _PROGRAM), "zip", staging_folder)
