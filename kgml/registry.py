"""Options by name: ``group`` -> ``name`` -> ``"module:Class"``.

The name here is the name on the command line, in ``kgml.toml``, in the saved configuration and in
reports. Another package adds an option with an entry point in the group ``kgml.<group>``.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from kgml.errors import UsageError, one_of

OPTIONS: dict[str, dict[str, str]] = {
    "fusion": {
        "none": "kgml.fusion.none:NoFusion",
        "concat": "kgml.fusion.concat:ConcatFusion",
        "weighted": "kgml.fusion.weighted:WeightedFusion",
        "attention": "kgml.fusion.attention:AttentionFusion",
        "class-attention": "kgml.fusion.class_attention:ClassAttentionFusion",
        "gated": "kgml.fusion.gated:GatedFusion",
        "text-serialised": "kgml.fusion.text_serialised:TextSerialisedFusion",
    },
    "node_encoder": {
        "text": "kgml.encoders.node:TextNodeEncoder",
        "propagate": "kgml.encoders.node:PropagationEncoder",
        "gcn": "kgml.encoders.gnn.gcn:GCNEncoder",
        "sage": "kgml.encoders.gnn.sage:SAGEEncoder",
        "gat": "kgml.encoders.gnn.gat:GATEncoder",
        "rgcn": "kgml.encoders.gnn.rgcn:RGCNEncoder",
        "compgcn": "kgml.encoders.gnn.compgcn:CompGCNEncoder",
        "hgt": "kgml.encoders.gnn.hgt:HGTEncoder",
        "transe": "kgml.encoders.kge.distances:TransEEncoder",
        "distmult": "kgml.encoders.kge.products:DistMultEncoder",
        "complex": "kgml.encoders.kge.products:ComplExEncoder",
        "rotate": "kgml.encoders.kge.distances:RotatEEncoder",
    },
    "objective": {
        "link-prediction": "kgml.encoders.gnn.link_prediction:LinkPrediction",
        "infomax": "kgml.encoders.gnn.infomax:Infomax",
        "contrast": "kgml.encoders.gnn.contrast:Contrast",
    },
    "index": {
        "flat": "kgml.encoders.nearest.flat:FlatIndex",
        "hnsw": "kgml.encoders.nearest.hnsw:HNSWIndex",
        "ivf-sq8": "kgml.encoders.nearest.ivf:IVFIndex",
    },
    "head": {
        "auto": "kgml.models.light:AutoHead",
        "blend": "kgml.models.heads.blend:BlendHead",
        "boosting": "kgml.models.heads.boosting:BoostingHead",
        "centroid": "kgml.models.heads.centroid:CentroidHead",
        "logistic": "kgml.models.light:LogisticHead",
        "ridge": "kgml.models.heads.ridge:RidgeHead",
        "svm": "kgml.models.light:SVMHead",
        "transformer": "kgml.models.finetuned.head:TransformerHead",
    },
    "target": {
        "single": "kgml.models.targets.single:SingleTarget",
        "multi": "kgml.models.targets.multi:MultiTarget",
        "ordinal": "kgml.models.targets.ordinal:OrdinalTarget",
        "regression": "kgml.models.targets.regression:RegressionTarget",
    },
    "link_format": {
        "jsonl": "kgml.linking.formats.jsonl:JSONLines",
        "brat": "kgml.linking.formats.brat:Brat",
        "html": "kgml.linking.formats.html:Page",
    },
}


@cache
def names(group: str) -> tuple[str, ...]:
    """The names known in ``group``, sorted: kgml's own and those of installed entry points."""
    return tuple(sorted({*OPTIONS[group], *(e.name for e in entry_points(group=f"kgml.{group}"))}))


def check(group: str, name: str) -> str:
    """Return ``name`` if it is known, without importing anything; else raise `UsageError`.

    >>> check("fusion", "atention")
    Traceback (most recent call last):
    kgml.errors.UsageError: no fusion named 'atention'; choose from attention, class-attention, concat, gated, none, text-serialised, weighted. Did you mean 'attention'?
    """
    if name not in names(group):
        raise UsageError(
            f"no {group.replace('_', ' ')} named '{name}'; {one_of(names(group), name)}"
        )
    return name


def resolve(group: str, name: str) -> Any:
    """Import and return the class registered under ``name``."""
    check(group, name)
    target = OPTIONS[group].get(name)
    if target is None:
        return next(e for e in entry_points(group=f"kgml.{group}") if e.name == name).load()
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)
