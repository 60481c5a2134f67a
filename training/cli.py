"""The command line of the pipeline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from training import dataset
from training.cli_data import data_app, refuse_no_folder, stop
from training.cli_reports import print_behaviour, print_report
from training.experiment import (
    EvaluationConfig,
    InvalidExperiment,
    read_experiment,
    read_pretraining,
    with_decisions,
    with_values,
)
from triage.indicators import InvalidScheme, load_scheme
from triage.modelfolder import BrokenModel, write_json

app = typer.Typer(
    help="Make model folders: data sets, training, evaluation, comparison.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(data_app, name="data")

Device = Annotated[str, typer.Option(help="auto, cpu or cuda; auto takes the fastest that is there.")]


@app.command()
def public(
    name: Annotated[str, typer.Argument(help="xed, dkhate or sib200.")],
    source: Annotated[Path, typer.Argument(help="Folder with the set's own files.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for texts and indicator file.")],
) -> None:
    """Convert a public labelled Danish set, for the experiments in experiments/public/."""
    from training.public import CannotConvert, write_public

    try:
        found = write_public(name, source, output)
    except (CannotConvert, OSError) as error:
        stop(error)
    typer.echo(", ".join(f"{len(found.splits[split])} {split}" for split in dataset.SPLITS) + f" in {output}")
    typer.echo(
        f"{found.withdrawn} rows taken back by their source, {found.repeated} texts left out as a later split has them"
    )


@app.command("public-score")
def public_score(
    name: Annotated[str, typer.Argument(help="xed, dkhate or sib200.")],
    model: Annotated[Path, typer.Argument(help="Model folder that an experiment in experiments/public/ made.")],
    folder: Annotated[Path, typer.Argument(help="Folder that `public` made.")],
) -> None:
    """Score a model on a public set by the measure the set is published with; abstentions are left aside."""
    from training.public import SETS, score_public

    try:
        found = score_public(name, model, folder)
    except (BrokenModel, InvalidScheme, ValueError, OSError) as error:
        stop(error)
    low, high = found.interval
    typer.echo(f"{SETS[name].measure}, {found.texts} test texts: {found.value:.3f} ({low:.3f} to {high:.3f})")
    typer.echo(f"published: {SETS[name].published}")


@app.command()
def pretrain(
    experiment: Annotated[Path, typer.Argument(help="Pre-training experiment file (TOML).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the encoder.")],
    work: Annotated[Path | None, typer.Option(help="Folder for the state and the tokenised text.")] = None,
    device: Device = "auto",
) -> None:
    """Pre-train an encoder on Danish text; started again, it goes on where it stopped."""
    from training.pipeline import run_pretraining

    try:
        found = run_pretraining(read_pretraining(experiment), output, work, device=device)
    except ValueError as error:
        stop(error)
    for source, value in found.items():
        typer.echo(f"perplexity of masked tokens on held-out text, {source}: {value:.2f}")
    typer.echo(f"encoder in {output}")


@app.command()
def run(
    experiment: Annotated[Path, typer.Argument(help="Experiment file (TOML).")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also put the model folder here.")] = None,
    decisions: Annotated[
        list[Path] | None, typer.Option(help="Export of analysts' decisions to learn from too; several may be named.")
    ] = None,
    device: Device = "auto",
) -> None:
    """Train, calibrate and evaluate; everything lands in MLflow."""
    from training.pipeline import run_experiment

    try:
        config = with_decisions(read_experiment(experiment), decisions or [])
        run_id, evaluation, folder = run_experiment(config, output=output, device=device)
    except (InvalidExperiment, InvalidScheme, dataset.InvalidDataset, ValueError) as error:
        stop(error)
    print_report(evaluation.report)
    typer.echo(f"MLflow run {run_id}" + (f", model in {folder}" if folder else ""))


@app.command()
def curve(
    experiment: Annotated[Path, typer.Argument(help="Experiment file (TOML).")],
    size: Annotated[list[int], typer.Option(help="Training texts of a point; name it several times.")] = [  # noqa: B006
        100,
        200,
        400,
        800,
        1600,
    ],
    device: Device = "auto",
) -> None:
    """Learning curve: the same experiment with fewer training texts; the last point takes them all."""
    from training.curve import learning_curve

    try:
        config = read_experiment(experiment)
        typer.echo(f"{'texts':>6}  macro F1 (95 % interval)   micro F1   macro AP")
        for point in learning_curve(config, load_scheme(), size, device):
            found = point.overall
            low, high = found["macro_f1"]["interval"]
            typer.echo(
                f"{point.texts:>6}  {found['macro_f1']['value']:.3f} ({low:.3f} to {high:.3f})     "
                f"{found['micro_f1']['value']:.3f}      {found['macro_ap']['value']:.3f}"
            )
    except ValueError as error:
        stop(error)


@app.command()
def controls(
    experiment: Annotated[Path, typer.Argument(help="Experiment file (TOML) of an encoder.")],
    baseline: Annotated[Path, typer.Option(help="Experiment file (TOML) of the linear control.")] = Path(
        "experiments/baseline.toml"
    ),
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each variant.")] = 3,
    texts: Annotated[
        int | None, typer.Option(min=10, help="Natural training texts to learn from; all if not given.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs in place of the experiment's: few texts need more.")
    ] = None,
    card: Annotated[Path | None, typer.Option(help="Put the table into the card of this model folder.")] = None,
    device: Device = "auto",
) -> None:
    """Compare an encoder experiment with other heads, random weights and n-grams; started again, it goes on."""
    from training.controls import as_table, compare_with_controls, put_into_card

    found = []
    try:
        one, other = read_experiment(experiment), read_experiment(baseline)
        one = one if epochs is None else with_values(one, {"model.epochs": epochs})
        for row in compare_with_controls(one, other, seeds=seeds, texts=texts, device=device):
            typer.echo(
                f"{row.variant}, seed {row.seed}: macro F1 {row.macro_f1:.3f}, macro AP {row.macro_ap:.3f}", err=True
            )
            found.append(row)
        for line in as_table(found):
            typer.echo(line)
        if card is not None:
            put_into_card(card, found)
    except (ValueError, OSError) as error:
        stop(error)


@app.command()
def search(
    space: Annotated[Path, typer.Argument(help="Search file (TOML): an experiment and the fields to vary.")],
    trials: Annotated[int, typer.Option(min=1, help="How many more trials to run.")] = 10,
    device: Device = "auto",
) -> None:
    """Search for better settings on a part of the training texts; started again, it goes on with its study."""
    from training.search import search as run_search

    try:
        found = run_search(space, trials=trials, device=device)
    except ValueError as error:
        stop(error)
    typer.echo(f"{found.trials} trials; best macro average precision on the texts held back: {found.score:.4f}, with")
    for name, value in found.values.items():
        typer.echo(f"  {name} = {json.dumps(value)}")


@app.command()
def evaluate(
    model: Annotated[Path, typer.Argument(help="Model folder.")],
    data: Annotated[Path | None, typer.Argument(help="Labelled documents (JSON Lines, CSV or Parquet).")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the whole report here.")] = None,
    behaviour: Annotated[bool, typer.Option("--behaviour", help="Run the functional test suite.")] = False,
) -> None:
    """Evaluate a model folder on labelled documents, on the functional test suite, or on both."""
    from training.pipeline import evaluation_of, without_nan

    if data is None and not behaviour:
        stop("name a file of labelled documents, or --behaviour, or both")
    refuse_no_folder(json_file)
    report: dict[str, Any] = {}
    try:
        if data is not None:
            report = evaluation_of(model, dataset.read_labelled(data), EvaluationConfig()).report
            print_report(report)
        if behaviour:
            report["behaviour"] = print_behaviour(model)
    except (BrokenModel, dataset.InvalidDataset, ValueError) as error:
        stop(error)
    if json_file is not None:
        write_json(json_file, without_nan(report))


@app.command("compile")
def compile_model(
    model: Annotated[Path, typer.Argument(help="Model folder of the encoder family.")],
    data: Annotated[
        Path | None, typer.Option(help="Documents to compare on; the shipped test texts if not given.")
    ] = None,
) -> None:
    """Make a model folder ready to be computed by OpenVINO, and compare its answers with torch's; exit 1 if they differ."""
    from training.compile import NotAlike, as_table, compile_folder

    try:
        documents = [x for found in dataset.held_out(data).values() for x in found]
        found = compile_folder(model, documents)
    except (BrokenModel, dataset.InvalidDataset, ValueError, ImportError) as error:
        stop(error)
    except NotAlike as error:
        typer.echo(f"not compiled: {error}", err=True)
        raise typer.Exit(1) from None
    for line in as_table(found):
        typer.echo(line)


@app.command()
def reference(
    model: Annotated[Path, typer.Argument(help="Model folder; its version stays what it is.")],
    data: Annotated[list[Path], typer.Argument(help="Documents (JSON Lines, CSV or Parquet), with or without labels.")],
) -> None:
    """Measure what texts and answers look like, so that the service can tell when they look otherwise (drift)."""
    from training.reference import TooFewTexts, add_reference
    from triage.reference import REFERENCE

    try:
        found = add_reference(model, [x for file in data for x in dataset.read_labelled(file)])
    except (BrokenModel, TooFewTexts, dataset.InvalidDataset, OSError) as error:
        stop(error)
    counts = ", ".join(f"{profile.texts} of kind {kind}" for kind, profile in found.kinds.items())
    typer.echo(f"{counts} in {model / REFERENCE}")


@app.command()
def compare(
    one: Annotated[str, typer.Argument(help="Model folder or MLflow run id.")],
    other: Annotated[str, typer.Argument(help="Model folder or MLflow run id.")],
    data: Annotated[Path | None, typer.Option(help="Labelled documents; the shipped test texts if not given.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result here.")] = None,
) -> None:
    """Compare two models on the same documents: paired differences with 95 % intervals."""
    from training import metrics
    from training.pipeline import predictions_of, without_nan
    from training.tracking import UnknownRun, model_folder_of

    refuse_no_folder(json_file)
    try:
        documents = [x for found in dataset.held_out(data).values() for x in found]
        folders = [Path(x) if Path(x).is_dir() else model_folder_of(x) for x in (one, other)]
        first, second = (predictions_of(x, documents) for x in folders)
        result = metrics.compare(first, second, resamples=1000, seed=1)
    except (BrokenModel, UnknownRun, dataset.InvalidDataset, ValueError) as error:
        stop(error)
    if json_file is not None:
        write_json(json_file, without_nan(result))
    typer.echo(f"{len(documents)} documents\n{'measure':<10} {'one':>6} {'other':>6} {'difference':>10}  95 % interval")
    for name, row in result.items():
        low, high = row["interval"]
        typer.echo(
            f"{name:<10} {row['one']:>6.3f} {row['other']:>6.3f} {row['difference']:>+10.3f}  {low:+.3f} to {high:+.3f}"
        )


@app.command()
def promote(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="MLflow run id of a run that kept its model.")],
    data: Annotated[Path | None, typer.Option(help="Labelled documents; the shipped test texts if not given.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also put the model folder here, if promoted.")
    ] = None,
) -> None:
    """Make a run's model the champion if it is better and worse on no gate; exit 1 if it is not."""
    from training import promotion
    from training.tracking import UnknownRun

    try:
        found = promotion.promote(run_id, data=data, output=output)
    except (BrokenModel, UnknownRun, ValueError) as error:
        stop(error)
    typer.echo(f"{found.documents} documents; the champion is {found.champion}")
    for line in promotion.as_table(found):
        typer.echo(line)
    typer.echo(f"better beyond the 95 % interval: {', '.join(found.gains) or 'nothing'}")
    if found.failed:
        typer.echo(f"failed gates: {', '.join(found.failed)}")
    if found.promoted:
        typer.echo(f"promoted: version {found.version} is the champion" + (f", model in {output}" if output else ""))
    else:
        typer.echo(f"not promoted: version {found.version} is a challenger, the champion stays")
    raise typer.Exit(0 if found.promoted else 1)
