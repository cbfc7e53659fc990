"""The fields of a config and their defaults, the thesis's protocol. What is refused: config_checks.

Files in configs/ start from `base()` and change what their experiment is about. Every field can be
set from the command line, `--config.train.batch_size=16`; names that are not here are refused.
"""

from ml_collections import ConfigDict, config_dict

from xlt_flax.data.mixture import Group, mixture_shape, parse_mixture
from xlt_flax.data.sources import find_source
from xlt_flax.errors import UserError
from xlt_flax.modeling.shipped import SAMPLE_MODEL, constant_of, shipped_folder
from xlt_flax.places import local_folder, local_path
from xlt_flax.stored_config import complete as _complete


def base() -> ConfigDict:
    """The thesis's protocol: every field with its default."""
    config = ConfigDict()

    # Seed of the head's weights, the order of documents and dropout.
    config.seed = 50
    # On a GPU: the same bits each time a run is made, or goes on after a kill, for some speed. A
    # CPU's are the same in any case.
    config.deterministic = False
    # What to train on, parts joined by "+": a language's labelled documents, "en+de"; so many of
    # them, "en:2000+de:1000"; a share of data.budget, "en:67%+de:33%". Or groups of Webis-CLS-10,
    # such as "E1D1F1": E, D, F, J are English, German, French, Japanese.
    # "" trains on nothing: the run is the initial model, as step 0.
    config.mixture = ""
    # Workdir whose checkpoint starts this run (the J1 stage); "" starts from model.name.
    config.init_from = ""
    # Which checkpoint of init_from: "best", of a run that is done, or a step, of any run.
    config.init_checkpoint = "best"
    # What a run with init_from takes over: "clean" the weights alone; "thesis" also the optimizer's
    # state, the count of epochs and the best score, as the thesis's program did.
    config.protocol = "clean"

    config.model = ConfigDict()
    # Hub id, or a local folder with config.json, tokenizer and weights (safetensors or msgpack).
    config.model.name = "bert-base-multilingual-cased"
    # Commit, branch or tag of a hub id; "" = the newest. A folder has none.
    config.model.revision = ""
    # "pretrained", or "random": the shape and tokenizer of the folder, weights drawn from `seed`.
    config.model.init = "pretrained"
    # What matrices are multiplied in, "float32" or "bfloat16"; weights stay float32 in both.
    config.model.dtype = "float32"
    # With "float32" on accelerators: multiply in their fast mode, which keeps 10 bits of a factor
    # (TF32 on GPUs) or fewer (TPUs), instead of in full.
    config.model.tf32 = False
    # Probability of dropout everywhere in the model; unset = the model's own.
    config.model.dropout = config_dict.placeholder(float)
    # The mask of attention's dropout: "shared" by all heads and documents of a step, as FlaxBert
    # draws it; "each": another for each head of each document, as PyTorch's BERT (packed alone).
    config.model.attention_dropout = "shared"
    # Standard deviation of the head's weights, where the model brings none; unset = the model
    # library's own draw (.036 for a model 768 units wide).
    config.model.head_sd = config_dict.placeholder(float)
    # "packed": several documents a row, nearly no padding; "padded": one a row, transformers' own
    # module. The same function, so the same result but for rounding.
    config.model.forward = "packed"
    # What the logits are computed of: "cls", the first token, by the model's own pooler or head; or
    # "mean", the mean of a document's last states, by the head's last layer alone, as encoders that
    # were trained with a mean want it (E5). No library class has that head under the model's name.
    config.model.pooling = "cls"
    # "active": hold only the word embeddings that the run can use; "full": all. The same result.
    config.model.vocabulary = "active"

    config.data = ConfigDict()
    # "webis_cls10"; "webis_cls10_sample", which is shipped with the package; "shinra", classes of
    # Wikipedia's pages; or "files", one's own.
    config.data.dataset = "webis_cls10"
    # "music", "books" or "dvd".
    config.data.domain = "music"
    # Folder with cls-acl10-unprocessed.tar.gz, or with what it unpacks to; of "shinra", with its
    # files (xlt_flax/data/sources/shinra).
    config.data.manual_dir = "~/tensorflow_datasets/downloads/manual"
    # Of "files": a folder of LANGUAGE.SPLIT.EXT (en.train.csv), or a TOML file that names files and
    # columns (xlt_flax/data/sources/files).
    config.data.files = ""
    # Of "shinra": a page's "text"; "title+text", as one text; or "title,text", as a pair.
    config.data.text = "text"
    # Of "shinra": "single" leaves out pages of several classes; "multi" does not (multi_label).
    config.data.labels = "single"
    # Of "shinra": training pages, those that validate among them, that are drawn by split_seed
    # before anything is tokenized. 0 = all.
    config.data.sample = 0
    # Where the prepared dataset, the token stores and the compilation cache are kept.
    config.data.data_dir = "~/tensorflow_datasets"
    # Tokens at which a document is cut, [CLS] and [SEP] counted.
    config.data.max_length = 512
    # Longer documents: "truncate", the beginning counts; "windows" that overlap by a quarter, each
    # epoch trained on the next one, and judged by the mean of the probabilities of all.
    config.data.long = "truncate"
    # Delete all commas (ASCII) of all texts before they are tokenized, as the thesis's program did.
    config.data.drop_commas = False
    # Drop repeated texts from the pools, and from the target's pool those that its test set has.
    config.data.dedup = False
    # With dedup: put a document of its class that no group has into each repeat's place, so that
    # groups keep their other documents and their classes, instead of letting all that follow move
    # up, which makes French 54% positive. F3 is short of negative ones in nearly half of the draws,
    # unless stratify is set.
    config.data.dedup_in_place = False
    # The language without labels, on whose test set the model is judged.
    config.data.target_language = "ja"
    # Documents of a group that are trained on, and that choose the best checkpoint.
    config.data.train_per_group = 1000
    config.data.validation_per_group = 100
    # Documents that the shares of a mixture such as "en:67%+de:33%" are of; 0 = not set.
    config.data.budget = 0
    # Share of a language's documents that validates, where the data brings no validation split;
    # drawn in each class. In "en:2000" these are among the 2,000. Groups have their own number.
    config.data.validation_share = 0.1
    # Seed of the draw of documents; kept when `seed` changes, so that seeds share their documents.
    config.data.split_seed = 50
    # As many documents of each class in each part, instead of as the draw gives them; of "shinra",
    # which has many small classes, as far as each of them has any.
    config.data.stratify = False
    # "shuffle": all documents of the mixture, shuffled anew each epoch (the thesis's way).
    # "balanced": each batch has the mixture's ratio of languages, as nearly as its size allows.
    config.data.mixing = "shuffle"
    # T of XLM-R's sampling: a language of n documents has a share of each epoch in proportion to
    # n^(1/T), so that small ones are seen more often. An epoch stays as long. 1 = off.
    config.data.language_temperature = 1.0

    config.train = ConfigDict()
    # What the model is trained for: "single_label", one label of each document; "multi_label", any
    # number of them, each a yes or no by itself.
    config.train.objective = "single_label"
    # Weights of classes in the loss that is trained on, a batch's weighted mean as PyTorch's
    # CrossEntropyLoss has it: "none"; "balanced", documents/(classes x documents of the class); or
    # "bug=2,praise=0.5", where classes that are not listed weigh 1. The loss of validation and
    # evaluation has no weights whatever this is, so that it compares.
    config.train.class_weights = "none"
    # Share of a training document's label that all classes have evenly, from 0 to below 1, as
    # PyTorch's CrossEntropyLoss has it. The loss of validation and evaluation is not smoothed.
    config.train.label_smoothing = 0.0
    # Documents of one update, over all devices together.
    config.train.batch_size = 8
    # Times that every training document is seen.
    config.train.epochs = 10
    # Updates after which training ends, before its epochs do or after them; 0 = by epochs.
    config.train.max_steps = 0
    # Training ends after so many validations in a row that are no better, by eval.best, than the
    # best one; 0 = never.
    config.train.patience = 0
    # Peak learning rate of AdamW.
    config.train.learning_rate = 2e-5
    # "constant"; "step": times step_gamma every step_epochs epochs, as StepLR; down to zero,
    # "linear" or by half a "cosine".
    config.train.schedule = "constant"
    config.train.step_gamma = 0.2
    config.train.step_epochs = 1
    # Share of all steps in which the learning rate first goes up from zero; unset = the schedule's
    # own: .1 of linear and cosine, 0 of constant and step.
    config.train.warmup_fraction = config_dict.placeholder(float)
    # AdamW's decay of all weights, biases and layer norms left out; its betas and epsilon.
    config.train.weight_decay = 0.0
    config.train.beta1 = 0.9
    config.train.beta2 = 0.999
    config.train.epsilon = 1e-6
    # Add epsilon before the second moment's correction for its start, as transformers' AdamW did,
    # instead of after it: smaller steps where gradients are small, early in training.
    config.train.epsilon_before_correction = False
    # Largest norm of the gradient of all weights together; 0 = not limited.
    config.train.clip_norm = 0.0
    # Compute a layer's activations again for the gradient instead of keeping them: more computing,
    # the same result. XLM-R large, 8 documents a batch, compiled for an H100: a step needs 4.4 GiB
    # instead of 9.7. On a CPU it saves nothing: XLA computes them again there, and holds as much.
    config.train.remat = False
    # Checkpoints besides that of each epoch: every so many updates or minutes; 0 = none.
    config.train.checkpoint_every_steps = 0
    config.train.checkpoint_every_minutes = 0.0
    # Where curves are shown, joined by commas: "tensorboard", which writes into the workdir;
    # "mlflow" and "wandb", extras to install, which keep theirs in it too unless their own
    # variables say otherwise (MLFLOW_TRACKING_URI, WANDB_MODE). "" = metrics.jsonl alone.
    config.train.trackers = "tensorboard"
    # Keep compiled programs in data_dir, so that the next run starts in seconds.
    config.train.compilation_cache = True

    config.eval = ConfigDict()
    # Documents a batch, over all devices together; no effect on results.
    config.eval.batch_size = 32
    # What weights are held in while a checkpoint is evaluated: "float32", or "bfloat16", rounded,
    # in half of the memory; with model.dtype "float32" a step converts them again, in memory of its
    # own. Training, its validations and checkpoints hold float32 in any case.
    config.eval.weights = "float32"
    # Which epoch's checkpoint is the best: that with the lowest "loss", the mean over validation
    # documents, or "batch_sum", the sum over batches of a batch's mean (the last may be smaller);
    # or with the highest "accuracy", "micro_f1" or "macro_f1". Of equals, the earlier.
    config.eval.best = "loss"
    # Languages, joined by commas ("de,fr"), on whose test sets each validation also says what the
    # model is worth so far. They choose nothing.
    config.eval.languages = ""

    return config.lock()


def sample() -> ConfigDict:
    """`base()` for the shipped sample and a tiny BERT of random weights: minutes on two cores."""
    config = base()
    config.model.name = SAMPLE_MODEL
    config.model.init = "random"
    config.data.dataset = "webis_cls10_sample"
    config.data.data_dir = "runs/data"
    config.data.max_length = 128
    config.data.train_per_group = 60
    config.data.validation_per_group = 20
    config.train.learning_rate = 1e-3
    return config


def evaluated_in_training(config: ConfigDict) -> list[str]:
    """The languages of `config.eval.languages`, each once."""
    names = (name.strip() for name in config.eval.languages.split(","))
    return list(dict.fromkeys(name for name in names if name))


def mixture_config(mixture: str, shape: str, example: str) -> ConfigDict:
    """`base()` for a mixture of source languages, refused if it has another shape.

    Args:
      mixture: from the command line, `--config=configs/mix_111.py:E2D2F2`.
      shape: what `mixture_shape` must say of it.
      example: a mixture that has the shape, for the message.

    Raises:
      UserError: the mixture has another shape, or holds the target language.
    """
    config = base()
    letters, target = find_source(config.data).letters, config.data.target_language
    sources = [letter for letter, language in letters.items() if language != target]
    groups = parse_mixture(mixture, letters)
    named = {group.letter for group in groups if isinstance(group, Group)}
    if mixture_shape(groups) != shape or not named <= {*sources}:
        raise UserError(
            f"mixture {mixture!r} is not {shape} of source languages ({', '.join(sources)}), as in "
            f"{example}: this config takes no other shape"
        )
    config.mixture = mixture
    return config


def resolve(config: ConfigDict) -> ConfigDict:
    """A locked copy with absolute paths, so that it means the same from any folder.

    Raises:
      UserError: a path is a URL, leads nowhere, or begins with the home of somebody who has none.
    """
    resolved = config.copy_and_resolve_references()
    with resolved.unlocked():
        data = resolved.data
        data.manual_dir = str(local_path(data.manual_dir, "config.data.manual_dir"))
        data.data_dir = str(local_folder(data.data_dir, "config.data.data_dir"))
        if data.files:
            data.files = str(local_path(data.files, "config.data.files"))
        if resolved.init_from:
            resolved.init_from = str(local_folder(resolved.init_from, "config.init_from"))
        resolved.model.name = _resolved_model(resolved.model.name)
    return resolved.lock()


def complete(stored: dict, form: int) -> dict:
    """A config of a workdir of any format up to today's, with every field of `base`.

    Raises:
      UserError: it was stored by a newer version, or has a field that is not known.
    """
    return _complete(stored, form, base().to_dict())


def _resolved_model(name: str) -> str:
    if shipped_folder(name):
        return name
    folder = local_path(name, "config.model.name")
    return (constant_of(folder) or str(folder)) if folder.is_dir() else name
