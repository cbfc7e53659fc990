"""sweep.json: what a study is made of. Shards and later commands read it, and add to it."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ml_collections import ConfigDict

from xlt_flax import files
from xlt_flax.config import complete
from xlt_flax.errors import UserError
from xlt_flax.locks import locked
from xlt_flax.stored_config import FORMAT, differences
from xlt_flax.studies.plan import PlannedRun
from xlt_flax.workdir import StudyFolder

_PER_TASK = ("seed", "mixture", "init_from")  # fields that tasks set; draws stand in folder names


def with_own_draw(folder: Path, config: ConfigDict) -> ConfigDict:
    """The config with the draw that the folder's sweep began with as `data.split_seed`.

    Its workdirs carry no draw in their names, so it stays the sweep's own: another
    `data.split_seed` is one more draw of the same sweep.

    Raises:
      UserError: sweep.json is not whole.
    """
    old = _read(folder)
    if old is None:
        return config
    own = ConfigDict(config.to_dict())
    own.data.split_seed = old["config"]["data"]["split_seed"]
    return own.lock()


def check_sweep_file(folder: Path, config: ConfigDict) -> dict:
    """What sweep.json has: "runs", "seeds", "draws" and "targets", all empty if there is none yet.

    Raises:
      UserError: it was written for another config, or it is not whole.
    """
    old = _read(folder)
    if old is None:
        return {"draws": [], "seeds": [], "runs": [], "targets": []}
    old_config, new_config = old.pop("config"), config.to_dict()
    for field in _PER_TASK:
        old_config.pop(field, None), new_config.pop(field, None)
    if changed := differences(old_config, new_config):
        raise UserError(
            f"{folder} is of a sweep with another config ({'; '.join(changed)}): give the old "
            "values to go on with it, or another --workdir"
        )
    return old


def write_sweep_file(
    folder: Path,
    config: ConfigDict,
    runs: Sequence[PlannedRun],
    seeds: Sequence[int],
    draws: Sequence[int],
    targets: Sequence[str] = (),
) -> None:
    """Writes sweep.json: what the sweep is made of, all shards, and all that it has been so far.

    Shards write it at the same moment: each adds to what is there.

    Raises:
      UserError: the folder is of a sweep with another config.
    """
    place = StudyFolder(folder)
    with locked(place.lock):
        old = check_sweep_file(place.path, config)
        entries = {entry["name"]: entry for entry in old["runs"]}
        entries |= {run.name: _entry(run) for run in runs}
        judged_on = list(dict.fromkeys([*old["targets"], *targets]))
        files.write_json(
            place.file,
            {
                "versions": {"workdir": FORMAT},
                "config": config.to_dict(),
                "draws": sorted({*old["draws"], *draws}),
                "seeds": sorted({*old["seeds"], *seeds}),
                "runs": list(entries.values()),
                **({"targets": judged_on} if judged_on else {}),
            },
        )


def _entry(run: PlannedRun) -> dict[str, object]:
    """Without changes, where there are none: as it was before runs could have any."""
    entry = asdict(run)
    return entry if run.changes else {k: v for k, v in entry.items() if k != "changes"}


def _read(folder: Path) -> dict | None:
    """sweep.json, as today's version would write it; None if there is none.

    Raises:
      UserError: it is not whole, or a newer version wrote it.
    """
    path = StudyFolder(folder).file
    if not path.exists():
        return None
    try:
        old = json.loads(path.read_text("utf-8"))
        form = old.get("versions", {"workdir": 1})["workdir"]
        config = complete(old["config"], form)
        return {
            "config": config,
            "draws": list(old.get("draws", [old["config"]["data"]["split_seed"]])),
            "seeds": list(old["seeds"]),
            "runs": [dict(entry) for entry in old["runs"]],
            "targets": list(old.get("targets", [])),
        }
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(f"{path} is not whole: remove it, and give the command again") from None
