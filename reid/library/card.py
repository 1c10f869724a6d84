"""What the page of a model on the Hugging Face Hub says."""

from typing import Final

CARD: Final = """\
---
{{ card_data }}
---

A model for video person re-identification, made with reidlens. `config.json` holds plain settings, `model.safetensors`
the tensors; nothing in them is executed.

```python
from reid.library import Embedder

model = Embedder.from_pretrained("USER/NAME")
print(model.embed("walk.mp4").shape)
```
"""
"""A template of Jinja, see `huggingface_hub.ModelCard`."""
