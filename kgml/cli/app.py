"""The command ``kgml``: its commands, and what every one of them does with errors and warnings.

Nothing heavy is imported before a command runs, so ``kgml --help`` stays fast.
"""

from __future__ import annotations

import difflib
import os
import re
import shlex
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from kgml import __version__
from kgml.cli import (
    adapt,
    assess,
    build,
    build_graph,
    compare,
    encode,
    explain,
    explore,
    generate,
    graph,
    link,
    predict,
    pretrain,
    train,
    tune,
    tune_pretrain,
    validate,
)
from kgml.cli.output import close_stdout, say
from kgml.errors import KGMLError, UsageError
from kgml.progress import KGMLWarning

INTERRUPTED = 130
BROKEN_PIPE = 141


CallError: type[Exception] = typer.BadParameter.__mro__[1]
"""What typer raises for any wrong call; releases differ in the module it is defined in."""


class Commands(TyperGroup):
    """The group of commands; refusals become one line on stderr and an exit code."""

    def main(self, *args: Any, **more: Any) -> Any:
        """Run the command line and exit."""
        try:
            code = super().main(*args, **{**more, "standalone_mode": False})
        except CallError as error:
            sys.exit(_wrong_call(error))
        sys.exit(code if isinstance(code, int) else 0)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """A command, or a command of two words."""
        two = " ".join(args[:2])
        return super().resolve_command(ctx, [two, *args[2:]] if two in self.commands else args)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; anything that is not a `KGMLError` is a bug and keeps its traceback."""
        ctx.obj = shlex.join(["kgml", *sys.argv[1:]])
        try:
            with _warnings_in_one_line():
                result = super().invoke(ctx)
                sys.stdout.flush()
        except KGMLError as error:
            say("error", str(error))
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            say("interrupted", "what was there before is unchanged")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            close_stdout()
            raise typer.Exit(BROKEN_PIPE) from None
        return result


app = typer.Typer(
    name="kgml",
    cls=Commands,
    help="Classify texts with a domain ontology, and say whether the ontology helps.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("build-graph")(build_graph.build_graph)
app.command("adapt")(adapt.adapt)
app.command("assess", cls=assess.Several)(assess.assess)
app.command("build", cls=assess.Several)(build.build)
# --order takes all that follows it
app.command("train", context_settings={"allow_extra_args": True})(train.train)
app.command("predict")(predict.predict)
app.command("evaluate")(predict.evaluate)
app.command("explain")(explain.explain)
app.command("compare", cls=compare.Several)(compare.compare)
app.command("tune", cls=tune.Several)(tune.tune)
app.command("tune pretrain", cls=tune_pretrain.Several)(tune_pretrain.tune_pretrain)
app.command("pretrain", cls=pretrain.Several)(pretrain.pretrain)
app.command("generate")(generate.generate)
app.command("link")(link.link)
app.command("encode")(encode.encode)
app.command("search")(explore.search)
app.command("info")(explore.info)
app.command("validate")(validate.validate)
app.add_typer(graph.app, name="graph")


def main() -> None:
    """Run the command line of this process."""
    for stream in (sys.stdout, sys.stderr):
        # A text with a lone surrogate must not end in a traceback; in JSON "\\udcff" stays valid.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    _hush_libraries()
    app(prog_name="kgml")


def _wrong_call(error: Any) -> int:
    """Word what typer found wrong as every other refusal; return the exit code."""
    message = str(error.format_message()).strip()
    if message.startswith("Usage:"):  # `kgml` alone shows its help
        typer.echo(message, err=True)
        return UsageError.exit_code
    possible = getattr(error, "possibilities", None)
    if possible:
        near = difflib.get_close_matches(error.option_name, possible, n=1) or possible
        message = f"{error.message}. Did you mean '{near[0]}'?"
    # the help shows an argument in capitals
    message = re.sub(r"(?<=^Missing argument )'\w+'", lambda name: name[0].upper(), message)
    context = getattr(error, "ctx", None)
    end = "" if message.endswith(("?", ".")) else "."
    say("error", f"{message}{end} See '{context.command_path if context else 'kgml'} --help'.")
    return UsageError.exit_code


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kgml {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Options of ``kgml`` itself."""


@contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    with warnings.catch_warnings():
        shown = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if issubclass(category, KGMLWarning):
                say("warning", str(message))
            else:
                shown(message, category, *where, **more)

        warnings.showwarning = show
        yield


def _hush_libraries() -> None:
    """Progress bars and advice of the libraries: ours are enough. A user's own setting wins."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
