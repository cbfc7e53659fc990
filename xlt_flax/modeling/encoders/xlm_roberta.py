"""XLM-R: RoBERTa under another name, with a vocabulary of a hundred languages."""

from transformers import FlaxXLMRobertaForSequenceClassification, XLMRobertaConfig

from xlt_flax.modeling.encoders import roberta


class _Model(FlaxXLMRobertaForSequenceClassification):
    """The library's, which does not find an encoder's weights where names have no prefix (E5): it
    says "xlm-roberta" of what its own trees call otherwise."""

    base_model_prefix = "roberta"


CONFIG, MODEL = XLMRobertaConfig, _Model
HEAD, SHAPE, DROPOUTS = roberta.HEAD, roberta.SHAPE, roberta.DROPOUTS

positions, position_ids, projection = roberta.positions, roberta.position_ids, roberta.projection
packed_reason, anatomy = roberta.packed_reason, roberta.anatomy
