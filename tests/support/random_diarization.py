"""A diarization pipeline of RANDOM weights: pyannote's real classes, and nothing ever learned.

    PYTHON_OF_AN_ENVIRONMENT_WITH_PYANNOTE random_diarization.py FOLDER

The real weights have to be asked for. These say who speaks at random, so they test that the real
pipeline loads, runs, reports and is understood, and nothing about how right it is.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from pyannote.audio import Model
from pyannote.audio.core.task import Problem, Resolution, Specifications
from pyannote.audio.models.embedding import XVectorSincNet
from pyannote.audio.models.segmentation import PyanNet

DIMENSION = 128
CONFIG = """\
dependencies:
  pyannote.audio: 4.0.0
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    clustering: VBxClustering
    segmentation: $model/segmentation
    segmentation_batch_size: 32
    embedding: $model/embedding
    embedding_batch_size: 32
    embedding_exclude_overlap: true
    plda: $model/plda
params:
  clustering:
    threshold: 0.6
    Fa: 0.07
    Fb: 0.8
  segmentation:
    min_duration_off: 0.0
"""


def main(folder: Path) -> None:
    torch.manual_seed(1)
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    segmentation = PyanNet(
        lstm={"hidden_size": 8, "num_layers": 1, "bidirectional": True},
        linear={"hidden_size": 8, "num_layers": 1},
    )
    segmentation.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION, resolution=Resolution.FRAME, duration=10.0,
        classes=["one", "two", "three"], powerset_max_classes=2, permutation_invariant=True,
    )  # fmt: skip
    segmentation.build()
    with torch.no_grad():  # so that it changes its mind now and then
        segmentation.classifier.weight.normal_(0, 30)
        segmentation.classifier.bias.zero_()
    save(segmentation, folder / "segmentation")
    embedding = XVectorSincNet(dimension=DIMENSION)
    embedding.specifications = Specifications(
        problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=5.0, classes=["any"]
    )
    embedding.build()
    save(embedding, folder / "embedding")
    plda = folder / "plda"
    plda.mkdir()
    one = np.eye(DIMENSION)
    zero = np.zeros(DIMENSION)
    np.savez(plda / "xvec_transform.npz", mean1=zero, mean2=zero, lda=one)
    np.savez(plda / "plda.npz", mu=zero, tr=one, psi=np.linspace(2.0, 1.0, DIMENSION))


def save(model: Model, folder: Path) -> None:
    folder.mkdir()
    checkpoint: dict[str, Any] = {
        "state_dict": model.state_dict(),
        "hyper_parameters": dict(model.hparams),
        "pytorch-lightning_version": lightning.__version__,
    }
    model.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, folder / "pytorch_model.bin")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
