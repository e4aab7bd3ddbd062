"""docs/annotate.md is correct: its commands lead from texts to an exported model."""

import json
import random
import re
from pathlib import Path

from transformers import AutoModelForSequenceClassification

from alft.cli.main import main
from alft.data.demo import make_reviews

from .campaign_material import fill, ids_of, write_texts
from .conftest import ROOT

PAGE = (ROOT / "docs" / "annotate.md").read_text(encoding="utf-8")


def test_the_page_leads_from_texts_to_a_model(workplace, capsys):
    reviews = make_reviews(random.Random(4), 200, noisy=False)
    texts = [text for text, _ in reviews]
    write_texts(Path("posts.csv"), texts)
    script = dict(zip(ids_of(texts), [label for _, label in reviews], strict=True))
    (config,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    small = config.replace("xlm-roberta-base", "tiny-bert").replace("max_epochs: 8", "max_epochs: 2, accelerator: cpu")
    Path("posts.yaml").write_text(small.replace("max_length: 128", "max_length: 32"))
    for line in "".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)).splitlines():
        words = line.replace("xlm-roberta-base", "tiny-bert --data.max_length 32").split()[3:]
        assert main(words) == 0, capsys.readouterr().err
        if words[0] == "ask":
            fill(words[words.index("--to") + 1], lambda i: script[i])
    capsys.readouterr()
    assert main(["status", "posts", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["policy"] for one in found["rounds"]] == ["TypiClust", "Margin"]
    assert [fit["labels"] for fit in found["fits"]] == [40, 80]
    assert sum(found["labels"]["validation"].values()) == 40
    model = AutoModelForSequenceClassification.from_pretrained("my-model")
    assert sorted(model.config.label2id) == ["negative", "positive"]
