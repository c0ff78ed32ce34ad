"""The verb benchmark."""

from __future__ import annotations

from formation_mlp.cli.app import (
    ConfigPath,
    Dask,
    Overrides,
    Overwrite,
    Quiet,
    Verbose,
    Workers,
    app,
    load,
)


@app.command()
def benchmark(
    config: ConfigPath,
    set_: Overrides = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    workers: Workers = 1,
    dask: Dask = None,
) -> None:
    """Compare the network with the baselines on the same rows.

    What is finished in the folder is used as it is, and what was interrupted goes on.
    """
    from formation_mlp.benchmark import benchmark as job
    from formation_mlp.config.own_code import import_own
    from formation_mlp.runs.progress import Reporter
    from formation_mlp.system.compute import Compute

    loaded = load(config, set_, "benchmark")
    import_own(loaded, ())  # nothing is allowed here, and the message says where it is
    reporter = Reporter(verbose - quiet)
    done = job.benchmark(loaded, reporter, overwrite=overwrite, compute=Compute(workers, dask))
    print(done.brief if quiet else done.text)
    reporter.say(f"\n{loaded.output}: benchmark.json, predictions and figures")
