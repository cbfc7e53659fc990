"""What is true of every sharing-out of a sweep's tasks."""

from xlt_flax.studies.plan import take_shard


def checked_shards(tasks, steps, count):
    """All shards of tasks; each task is in one of them, and a stage in its source's, after it."""
    shards = [take_shard(tasks, steps, index, count) for index in range(count)]
    assert sorted(t.folder for shard in shards for t in shard) == sorted(t.folder for t in tasks)
    for shard in shards:
        folders = [task.folder for task in shard]
        for task in shard:
            if task.source_folder:
                assert folders.index(task.source_folder) < folders.index(task.folder)
    return shards
