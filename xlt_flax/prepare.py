"""Prepares the dataset and the tokens of a config, so that no later run has to.

    python -m xlt_flax.prepare --config=configs/mix_111.py [--config.a.b=v]

Runs do this by themselves. It serves where several will start at once, or where the machine that
trains has no TensorFlow.
"""

from xlt_flax import cli

_CONFIG = cli.define_config_flag()


def main(_):
    config, _ = cli.load_config(_CONFIG)

    from xlt_flax.data.selection import needed_splits
    from xlt_flax.training.inputs import open_inputs

    corpus = open_inputs(config).corpus
    needed = needed_splits(config.mixture, config.data.target_language, corpus.source)
    for language, split in needed:
        store = corpus.store(language, split)
        print(f"{language} {split}: {len(store)} documents, {len(store.tokens)} tokens")


if __name__ == "__main__":
    cli.run(main)
