"""`clv publish`: a Parquet file with predictions for the review app."""

from __future__ import annotations

from pathlib import Path

from clv_platform.cli.messages import OK, say, with_plain_errors


@with_plain_errors
def publish_file(
    config_path: Path | None,
    file: Path,
    *,
    name: str | None,
    columns: dict[str, str | None],
    kind: str | None,
    positive: str | None,
    threshold: float | None,
    target: str | None,
    model_id: str | None,
    slices: tuple[str, ...],
    private: tuple[str, ...],
    types: tuple[str, ...] = (),
) -> int:
    """`clv publish`."""
    from clv_platform.cli.data import load_company_config
    from clv_platform.review import publish
    from clv_platform.review.frames.store import company_store, find_store
    from clv_platform.settings import load_settings

    if config_path is None:
        store, listed = find_store(load_settings()), ()
    else:
        config, paths, settings = load_company_config(config_path)
        store, listed = company_store(settings, paths), config.private
    say(
        publish(
            file,
            name or file.stem,
            kind=kind,
            positive=positive,
            threshold=threshold,
            target=target,
            model_id=model_id,
            slices=slices,
            private=(*private, *_there(file, listed)),
            types=_pairs(types),
            store=store,
            **columns,  # type: ignore[arg-type]
        )
    )
    return OK


def _pairs(types: tuple[str, ...]) -> dict[str, str]:
    """Read `column=type`; a column's own name may hold `=`."""
    from clv_platform.review.frames.info import FrameError

    odd = next((one for one in types if "=" not in one), None)
    if odd is not None:
        raise FrameError(f"--type: expected COLUMN=TYPE such as plan=category, found {odd!r}.")
    return {column: wanted for column, _, wanted in (one.rpartition("=") for one in types)}


def _there(file: Path, listed: tuple[str, ...]) -> tuple[str, ...]:
    """Columns that the config lists as private and the file has."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = set(pq.read_schema(file).names) if listed else set()
    except (pa.ArrowInvalid, OSError):
        return ()  # `publish` says what is wrong with the file
    return tuple(name for name in listed if name in names)
