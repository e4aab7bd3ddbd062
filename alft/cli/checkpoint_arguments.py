"""Help texts shared by the commands that read a checkpoint."""

CKPT_PATH = "Checkpoint of a run, such as runs/maltese/version_0/checkpoints/last.ckpt."
BACKBONE = "Where the pretrained encoder lies now, if it was moved after training."
FORMAT = (
    "Files to write: transformers (the default), for from_pretrained and pipeline; onnx, for onnxruntime; adapter, for peft."
)
